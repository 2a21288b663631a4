"""Settings + stack + templates → Tree."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from nvrstack.errors import InputError
from nvrstack.rendering.context import context
from nvrstack.rendering.templates import SUFFIX, environment, templates_of
from nvrstack.resources import shipped
from nvrstack.settings.model import Settings
from nvrstack.stacks import Stack
from nvrstack.tree import PUBLIC, SECRET, File, Tree

AUTHORITY_ROOT = "certbot/authority-root.pem"


@dataclass(frozen=True)
class Material:
    """What a render needs beside the settings, read by the caller.

    `secrets` by name; `authority_root` is the PEM text that `certificate.authority_root` names.
    """

    secrets: Mapping[str, str] = field(default_factory=dict)
    authority_root: bytes | None = None


def required_secrets(settings: Settings) -> tuple[str, ...]:
    """The names of the secrets that rendering these settings needs."""
    ddns = ("ddns_password",) if settings.ddns.updater == "ddclient" else ()
    return (*ddns, *(site.secret for site in settings.sites if site.basic_auth))


def render(settings: Settings, stack: Stack, material: Material = Material()) -> Tree:
    """Every rendered file of the project. The same arguments give the same bytes.

    A file whose template asks for a secret gets mode 0600. Raises InputError when a secret is
    missing or cannot be written in the file that needs it.
    """
    missing = [name for name in required_secrets(settings) if not material.secrets.get(name)]
    if missing:
        raise InputError(
            f"secrets/{missing[0]}: is missing or empty",
            f"give it with --secret-file {missing[0]}=FILE, or write it into secrets/{missing[0]}",
        )
    values = context(settings, stack)
    files: dict[str, File] = {}
    if material.authority_root is not None:
        files[AUTHORITY_ROOT] = File(material.authority_root)
    for site in settings.sites:
        if site.basic_auth:
            users = f"{material.secrets[site.secret]}\n".encode()
            files[f"nginx/htpasswd/{site.domain}"] = File(users, SECRET)
    for folder in (*stack.services, "project"):
        for template, path in templates_of(folder):
            files[path] = _render_file(template, values, material, files)
    _check_syntax(files)
    return dict(sorted(files.items()))


def _render_file(template: str, values: Mapping[str, Any], material: Material, files: Tree) -> File:
    if not template.endswith(SUFFIX):
        return File(shipped("compose-templates").joinpath(*template.split("/")).read_bytes())
    used: list[str] = []

    def secret(name: str) -> str:
        used.append(name)
        return material.secrets[name]

    def digest(path: str) -> str:
        return files[path].sha256[:16]

    try:
        text = environment().get_template(template).render(values, secret=secret, digest=digest)
        content = text.encode()
    except ValueError as error:
        reason = f"secrets/{used[-1]}: {error}" if used else str(error)
        raise InputError(reason, "choose another value") from error
    return File(content, SECRET if used else PUBLIC)


def _check_syntax(files: Tree) -> None:
    """Parse again what other programs will parse: a template's mistake must not reach them."""
    for path, file in files.items():
        if path.endswith(".yaml"):
            yaml.safe_load(file.content)
        elif path.endswith(".toml"):
            tomllib.loads(file.content.decode())
        elif path.endswith(".json"):
            json.loads(file.content)
