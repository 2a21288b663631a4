"""Settings + stack + templates → Tree."""

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import PurePosixPath
from traceback import walk_tb
from typing import Any

import yaml
from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError

from nvrstack.errors import InputError
from nvrstack.rendering.context import context
from nvrstack.rendering.templates import (
    SUFFIX,
    environment,
    shipped_template,
    shipped_templates,
    templates_of,
)
from nvrstack.services.dns_providers import DnsProvider, credentials_problem
from nvrstack.settings.model import Settings
from nvrstack.settings.secrets import DNS_CREDENTIALS, required_secrets
from nvrstack.stacks import Stack
from nvrstack.tree import PUBLIC, SECRET, File, Tree

AUTHORITY_ROOT = "certbot/authority-root.pem"
BROKEN = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
)
"""What a mistake in a template of somebody's own can raise."""


@dataclass(frozen=True)
class Material:
    """What a render needs beside the settings, read by the caller.

    `secrets` by name; `authority_root` is the PEM text that `certificate.authority_root` names;
    `templates` are the project's own, by the names of the shipped ones whose place they take.
    """

    secrets: Mapping[str, str] = field(default_factory=dict)
    authority_root: bytes | None = None
    templates: Mapping[str, str] = field(default_factory=dict)


def render(settings: Settings, stack: Stack, material: Material = Material()) -> Tree:
    """Every rendered file of the project. The same arguments give the same bytes.

    A file whose template asks for a secret gets mode 0600. Raises InputError when a secret is
    missing or cannot be written in the file that needs it.
    """
    missing = [s.name for s in required_secrets(settings) if not material.secrets.get(s.name)]
    if missing:
        raise InputError(
            f"secrets/{missing[0]}: is missing or empty",
            f"give it with --secret-file {missing[0]}=FILE, or write it into secrets/{missing[0]}",
        )
    values = context(settings, stack)
    _check_credentials(values["dns_provider"], material)
    files: dict[str, File] = {}
    if material.authority_root is not None:
        files[AUTHORITY_ROOT] = File(material.authority_root)
    for site in settings.sites:
        if site.basic_auth:
            users = f"{material.secrets[site.secret]}\n".encode()
            files[f"nginx/htpasswd/{site.domain}"] = File(users, SECRET)
    for folder in (*stack.services, "project"):
        for template, path in templates_of(folder):
            file = _render_file(template, values, material, files)
            if file.content.strip():
                files[path] = file
    _check_syntax(files)
    return dict(sorted(files.items()))


def _render_file(template: str, values: Mapping[str, Any], material: Material, files: Tree) -> File:
    if not template.endswith(SUFFIX):
        text = material.templates.get(template, shipped_template(template))
        return File((text or "").encode())
    used: list[str] = []

    def secret(name: str) -> str:
        used.append(name)
        return material.secrets[name]

    def digest(*patterns: str) -> str:
        found = [files[path].sha256 for path in sorted(files) if _matches(path, patterns)]
        if not found:
            raise KeyError(patterns)
        return hashlib.sha256(" ".join(found).encode()).hexdigest()[:16]

    try:
        engine = environment(material.templates)
        text = engine.get_template(template).render(values, secret=secret, digest=digest)
        content = text.encode()
    except BROKEN as error:
        raise _broken(template, error) from error
    except ValueError as error:
        reason = f"secrets/{used[-1]}: {error}" if used else str(error)
        raise InputError(reason, "choose another value") from error
    return File(content, SECRET if used else PUBLIC)


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def _broken(template: str, error: Exception) -> InputError:
    """What to tell of a template that cannot be rendered, with the line that it comes from."""
    names = frozenset(shipped_templates())
    name, line = template, 0
    for frame, number in walk_tb(error.__traceback__):
        if frame.f_code.co_filename in names:
            name, line = frame.f_code.co_filename, number
    if isinstance(error, TemplateSyntaxError):
        name, line = error.name or name, error.lineno
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, TemplateNotFound):
        reason = f"there is no template {error}"
    elif isinstance(error, TemplateError):
        reason = str(error.message)
    return InputError(
        f"templates/{name}{f', line {line}' if line else ''}: {reason}",
        "mend that template, or delete it to use the shipped one",
    )


def _check_credentials(provider: DnsProvider | None, material: Material) -> None:
    reason = provider and credentials_problem(provider, material.secrets[DNS_CREDENTIALS.name])
    if provider and reason:
        raise InputError(
            f"secrets/{DNS_CREDENTIALS.name}: {reason}", f"see {provider.documentation}"
        )


def _check_syntax(files: Tree) -> None:
    """Parse again what other programs will parse: a template's mistake must not reach them."""
    readers: dict[str, Callable[[str], Any]] = {
        ".yaml": yaml.safe_load,
        ".toml": tomllib.loads,
        ".json": json.loads,
    }
    for path, file in files.items():
        reader = readers.get(PurePosixPath(path).suffix)
        try:
            if reader is not None:
                reader(file.content.decode())
        except (yaml.YAMLError, ValueError) as error:
            raise InputError(
                f"{path}: would be rendered so that nobody can read it: {error}",
                "mend the template of your own that it comes from",
            ) from error
