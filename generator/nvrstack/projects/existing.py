"""`nvrstack init` where a project is already: what is missing is made, and its settings stay."""

from collections.abc import Mapping
from pathlib import Path

from nvrstack.errors import InputError
from nvrstack.host.apply import locked
from nvrstack.projects.create import Created, check_host, file_owner, prepare_directories
from nvrstack.projects.project import LoadedProject, read_project, read_secret, read_text
from nvrstack.settings import SETTINGS
from nvrstack.settings.answers import Answers, from_toml, from_value
from nvrstack.settings.load import lookup, merge, validate
from nvrstack.settings.secrets import required_secrets
from nvrstack.stacks import load_stacks


def complete_project(target: Path, given: Answers, secrets: Mapping[str, str]) -> Created:
    """Complete an existing project's directories.

    Raises InputError when the answers given say anything else than the settings do.
    """
    project = read_project(target)
    differing = _differing(project, given, secrets)
    if differing:
        raise InputError(
            f"{target}: is an nvrstack project already, with other settings than you gave: "
            f"{', '.join(differing)}; nothing was changed",
            f"change them in {target / SETTINGS}, then run `nvrstack render`",
        )
    with locked(target, file_owner(project.settings)):
        pass
    check_host(target, project.settings, project.stack)
    prepare_directories(target, project.settings, project.stack)
    return Created(project, {})


def _differing(
    project: LoadedProject, given: Answers, secrets: Mapping[str, str]
) -> tuple[str, ...]:
    """The keys and secrets of `given` that say something else than the project does."""
    stacks = load_stacks()
    present = from_toml(read_text(project.directory / SETTINGS), SETTINGS)

    def says_the_same(key: str) -> bool:
        answer = from_value(key, lookup(given.data, key))
        merged = merge(present.data, answer)
        return validate(merged, "the settings given", stacks) == project.settings

    keys = [key for key in given.origins if not says_the_same(key)]
    for secret in required_secrets(project.settings):
        path, given_one = project.directory / "secrets" / secret.name, secrets.get(secret.name)
        if given_one and not (path.is_file() and read_secret(path, secret) == given_one):
            keys.append(f"the secret {secret.name}")
    return tuple(keys)
