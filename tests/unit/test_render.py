"""Whole renders: nothing breaks out of its place, and no secret strays."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.errors import InputError
from nvrstack.rendering.layout import directories
from nvrstack.rendering.manifest import manifest_file
from nvrstack.rendering.render import Material, render
from nvrstack.settings.model import Settings
from nvrstack.tree import PUBLIC, SECRET
from tests.unit.samples import NAMES, PASSWORD, STACKS, secrets_for, settings_for
from tests.unit.strategies import PRINTABLE_TEXT, any_settings, fewer

SERVICE_KEYS = {
    "restart", "read_only", "cap_drop", "security_opt", "logging", "image", "user", "networks",
    "volumes", "mem_limit", "pids_limit",
}  # fmt: skip
FURTHER_KEYS = {
    "moonfire-nvr": {"command", "environment", "stop_grace_period", "tmpfs"},
    "nginx": {"entrypoint", "command", "labels", "ports", "tmpfs", "healthcheck"},
    "certbot": {"entrypoint", "command", "labels", "environment", "tmpfs", "healthcheck"},
    "ddclient": {"entrypoint", "command", "labels", "tmpfs", "healthcheck"},
}


def literally(value: Any) -> Any:
    """A value of compose.yaml as Compose reads it: two dollar signs are one."""
    if isinstance(value, dict):
        return {key: literally(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [literally(inner) for inner in value]
    return value.replace("$$", "$") if isinstance(value, str) else value


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """Source by target; every mount is a bind mount that Compose does not make up."""
    for volume in service["volumes"]:
        assert set(volume) - {"read_only"} == {"type", "source", "target", "bind"}
        assert (volume["type"], volume["bind"]) == ("bind", {"create_host_path": False})
    assert len({v["target"] for v in service["volumes"]}) == len(service["volumes"])
    return {v["target"]: v["source"] for v in service["volumes"]}


def assert_compose(compose: dict[str, Any], settings: Settings) -> None:
    stack, moonfire = STACKS[settings.stack], settings.moonfire
    assert set(compose) == {"name", "x-common", "services", "networks"}
    assert set(compose["services"]) == set(stack.services)
    for name, service in compose["services"].items():
        assert set(service) == SERVICE_KEYS | FURTHER_KEYS[name]
    state = str(moonfire.state_dir)
    recorder = compose["services"]["moonfire-nvr"]
    assert mounts(recorder) == {
        "/etc/nvrstack/moonfire": "./moonfire",
        "/var/lib/moonfire-nvr": state if state.startswith("/") else f"./{state}",
        "/usr/share/zoneinfo": "/usr/share/zoneinfo",
        **{str(path): str(path) for path in moonfire.sample_dirs},
    }
    assert recorder["image"] == f"{moonfire.image}:{moonfire.version}"
    assert recorder["environment"] == {"TZ": moonfire.timezone, "RUST_BACKTRACE": "1"}
    assert recorder["user"] == f"{moonfire.uid}:{moonfire.gid}"
    for name in set(stack.services) - {"moonfire-nvr"}:
        assert compose["services"][name]["image"] == getattr(settings.images, name)
    addresses = [str(address) for address in settings.site.bind] or ["0.0.0.0"]
    ports = ((settings.site.http_port, 80), (settings.site.https_port, 443))
    published = [f"{a}:{outside}:{inside}" for a in addresses for outside, inside in ports]
    assert compose["services"]["nginx"]["ports"] == published


@fewer
@given(any_settings(), PRINTABLE_TEXT.filter(bool))
def test_nothing_breaks_out_of_its_place(settings: Settings, odd: str) -> None:
    # Recognisable, so that finding it elsewhere means something.
    password = f"{odd}{PASSWORD}"
    secrets = secrets_for(settings.stack, password)
    files = render(settings, STACKS[settings.stack], Material(secrets))
    assert_compose(literally(yaml.safe_load(files["compose.yaml"].content)), settings)
    holders = {path for path, file in files.items() if PASSWORD.encode() in file.content}
    assert holders == ({"ddclient/ddclient.conf"} if secrets else set())
    assert {path for path, file in files.items() if file.mode == SECRET} == holders
    manifest = manifest_file(files)
    assert manifest.mode == SECRET
    assert PASSWORD.encode() not in manifest.content
    assert set(json.loads(manifest.content)["files"]) == set(files)


@fewer
@given(any_settings(stack="router-ddns"))
def test_no_template_syntax_of_the_user_is_run(settings: Settings) -> None:
    files = render(settings, STACKS[settings.stack])
    readme = files["README.md"].content.decode()
    for path in (settings.moonfire.state_dir, *settings.moonfire.sample_dirs):
        assert str(path) in readme


@pytest.mark.parametrize("stack", NAMES)
def test_every_mounted_directory_of_the_project_is_made_or_rendered(stack: str) -> None:
    settings = settings_for(stack)
    files = render(settings, STACKS[stack], Material(secrets_for(stack)))
    made = {entry.path for entry in directories(settings, STACKS[stack])}
    rendered = {path.partition("/")[0] for path in files}
    compose = yaml.safe_load(files["compose.yaml"].content)
    sources = {s for service in compose["services"].values() for s in mounts(service).values()}
    below = {source.removeprefix("./") for source in sources if source.startswith("./")}
    assert below <= made | rendered


@pytest.mark.parametrize("stack", NAMES)
def test_nothing_secret_is_left_for_git(stack: str) -> None:
    files = render(settings_for(stack), STACKS[stack], Material(secrets_for(stack)))
    ignored = [
        line.strip("/")
        for line in files[".gitignore"].content.decode().splitlines()
        if not line.startswith("#")
    ]
    for path, file in files.items():
        assert file.mode in {PUBLIC, SECRET}
        if file.mode == SECRET:
            assert any(path == entry or path.startswith(f"{entry}/") for entry in ignored)
    assert {"secrets", "tls", "data"} <= set(ignored)


@pytest.mark.parametrize("secret", [{}, {"ddns_password": ""}])
def test_a_missing_secret_is_named_with_the_file_for_it(secret: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"secrets/ddns_password: is missing or empty"):
        render(settings_for("public"), STACKS["public"], Material(secret))


@pytest.mark.parametrize("password", ["a\nb", "\x7f", "half a pair: \udc80"])
def test_a_secret_that_cannot_be_written_is_refused_without_showing_it(password: str) -> None:
    with pytest.raises(InputError, match="secrets/ddns_password: ") as caught:
        render(settings_for("public"), STACKS["public"], Material({"ddns_password": password}))
    assert "half a pair" not in caught.value.message


@pytest.mark.parametrize(("hsts", "expected"), [("30d", "max-age=2592000"), ("0s", "max-age=0")])
@pytest.mark.parametrize("stack", ["public", "router-ddns"])
def test_https_is_insisted_on_with_a_trusted_certificate_alone(
    stack: str, hsts: str, expected: str
) -> None:
    files = render(
        settings_for(stack, {"access": {"hsts": hsts}}),
        STACKS[stack],
        Material(secrets_for(stack)),
    )
    assert expected in files["nginx/trusted.conf"].content.decode()


def test_a_local_authority_and_a_trial_never_insist_on_https() -> None:
    staging = settings_for("router-ddns", {"certificate": {"authority": "letsencrypt-staging"}})
    for settings in (settings_for("lan"), staging):
        files = render(settings, STACKS[settings.stack])
        lines = files["nginx/trusted.conf"].content.decode().splitlines()
        assert not [line for line in lines if line and not line.startswith("#")]


@st.composite
def two_ports(draw: st.DrawFn) -> tuple[int, int | None]:
    return draw(st.integers(1, 65535).filter(lambda n: n != 80)), draw(
        st.none() | st.integers(1, 65535)
    )


@fewer
@given(two_ports())
def test_redirects_lead_to_the_port_that_browsers_use(ports: tuple[int, int | None]) -> None:
    own, public = ports
    change = {"site": {"https_port": own, **({"public_https_port": public} if public else {})}}
    for stack, expected in (("router-ddns", public or 443), ("lan", public or own)):
        files = render(settings_for(stack, change), STACKS[stack])
        suffix = "" if expected == 443 else f":{expected}"
        site = files["nginx/sites/moonfire.conf"].content.decode()
        assert f"return 301 https://$host{suffix}$request_uri;" in site
