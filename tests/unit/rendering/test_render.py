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
from nvrstack.services.dns_providers import DnsProvider, dns_providers
from nvrstack.settings.model import Settings
from nvrstack.tree import PUBLIC, SECRET
from tests.unit.samples import (
    NAMES,
    PASSWORD,
    STACKS,
    credentials_of,
    secrets_for,
    secrets_of,
    settings_for,
)
from tests.unit.strategies import PRINTABLE_TEXT, any_settings, fewer

SERVICE_KEYS = {
    "restart", "read_only", "cap_drop", "security_opt", "logging", "image", "user", "networks",
    "environment", "volumes", "mem_limit", "pids_limit",
}  # fmt: skip
FURTHER_KEYS = {
    "moonfire-nvr": {"command", "stop_grace_period", "tmpfs"},
    "nginx": {"entrypoint", "command", "labels", "ports", "tmpfs", "healthcheck"},
    "certbot": {"entrypoint", "command", "labels", "tmpfs", "healthcheck"},
    "ddclient": {"entrypoint", "command", "labels", "tmpfs", "healthcheck"},
}
NO_PROXY = {
    spelled: ""
    for kind in ("http", "https", "ftp", "all", "no")
    for spelled in (f"{kind}_proxy", f"{kind.upper()}_PROXY")
}
"""What Docker's client may hand to a container (its `proxies`), and is not to."""
SECRET_FILES = {
    "ddns_password": "ddclient/ddclient.conf",
    "dns_credentials": "certbot/dns-credentials",
    "eab_hmac_key": "certbot/eab.ini",
}
"""The rendered file that each secret is for."""


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


def dns_provider_of(settings: Settings) -> DnsProvider | None:
    certificate = settings.certificate
    by_dns = STACKS[settings.stack].runs("certbot") and certificate.challenge == "dns-01"
    return dns_providers()[certificate.dns_provider or ""] if by_dns else None


def plugin_to_build(settings: Settings) -> str | None:
    """The plugin that nobody publishes an image with, unless the owner has one."""
    provider = dns_provider_of(settings)
    is_usual = settings.images.certbot.startswith("certbot/certbot:")
    return provider.package if provider and is_usual else None


def certbot_image_of(settings: Settings) -> str:
    image, provider = settings.images.certbot, dns_provider_of(settings)
    if provider is None or not image.startswith("certbot/certbot:"):
        return image
    tag = image.removeprefix("certbot/certbot:")
    return f"{provider.image or f'nvrstack/certbot-{provider.authenticator}'}:{tag}"


def assert_compose(compose: dict[str, Any], settings: Settings) -> None:
    stack, moonfire = STACKS[settings.stack], settings.moonfire
    assert set(compose) == {"name", "x-common", "x-no-proxy", "services", "networks"}
    assert set(compose["services"]) == set(stack.services)
    plugin = plugin_to_build(settings)
    for name, service in compose["services"].items():
        keys = SERVICE_KEYS | FURTHER_KEYS[name]
        if name == "certbot" and plugin:
            keys = keys | {"build"}
        if name == "ddclient" and settings.ddns.on_host_network:
            keys = keys - {"networks"} | {"network_mode"}
            assert service["network_mode"] == "host"
        assert set(service) == keys
        assert NO_PROXY.items() <= service["environment"].items()
    state = str(moonfire.state_dir)
    recorder = compose["services"]["moonfire-nvr"]
    assert mounts(recorder) == {
        "/etc/nvrstack/moonfire": "./moonfire",
        "/var/lib/moonfire-nvr": state if state.startswith("/") else f"./{state}",
        "/usr/share/zoneinfo": "/usr/share/zoneinfo",
        **{str(path): str(path) for path in moonfire.sample_dirs},
    }
    assert recorder["image"] == f"{moonfire.image}:{moonfire.version}"
    own = {"TZ": moonfire.timezone, "RUST_BACKTRACE": "1"}
    assert recorder["environment"] == {**NO_PROXY, **own}
    assert recorder["user"] == f"{moonfire.uid}:{moonfire.gid}"
    for name in set(stack.services) - {"moonfire-nvr", "certbot"}:
        assert compose["services"][name]["image"] == getattr(settings.images, name)
    if stack.runs("certbot"):
        assert compose["services"]["certbot"]["image"] == certbot_image_of(settings)
    addresses = [str(address) for address in settings.site.bind] or ["0.0.0.0"]
    ports = ((settings.site.http_port, 80), (settings.site.https_port, 443))
    published = [f"{a}:{outside}:{inside}" for a in addresses for outside, inside in ports]
    assert compose["services"]["nginx"]["ports"] == published


@fewer
@given(any_settings(), PRINTABLE_TEXT.filter(bool))
def test_nothing_breaks_out_of_its_place(settings: Settings, odd: str) -> None:
    # Recognisable, so that finding it elsewhere means something.
    secrets = secrets_of(settings, PASSWORD)
    if "ddns_password" in secrets:
        secrets["ddns_password"] = f"{odd}{PASSWORD}"
    provider = dns_provider_of(settings)
    if provider:
        secrets["dns_credentials"] = credentials_of(provider, PASSWORD)
    files = render(settings, STACKS[settings.stack], Material(secrets))
    assert_compose(literally(yaml.safe_load(files["compose.yaml"].content)), settings)
    holders = {path for path, file in files.items() if PASSWORD.encode() in file.content}
    assert holders == {SECRET_FILES[name] for name in secrets}
    assert {path for path, file in files.items() if file.mode == SECRET} == holders
    manifest = manifest_file(files)
    assert manifest.mode == SECRET
    assert PASSWORD.encode() not in manifest.content
    assert set(json.loads(manifest.content)["files"]) == set(files)
    plugin = plugin_to_build(settings)
    assert ("certbot-image/Dockerfile" in files) == bool(plugin)
    if plugin:
        instructions = files["certbot-image/Dockerfile"].content.decode().splitlines()[2:]
        assert instructions[0] == f"FROM {settings.images.certbot}"
        assert [line for line in instructions if line.endswith(f" {plugin}")]


@fewer
@given(any_settings(stack="router-ddns"))
def test_no_template_syntax_of_the_user_is_run(settings: Settings) -> None:
    files = render(settings, STACKS[settings.stack], Material(secrets_of(settings)))
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


@pytest.mark.parametrize("given", ["none", "empty"])
@pytest.mark.parametrize("name", list(SECRET_FILES))
def test_a_missing_secret_is_named_with_the_file_for_it(name: str, given: str) -> None:
    certificate = {"authority": "google", "eab_key_id": "k1", "challenge": "dns-01"}
    change = {"certificate": {**certificate, "dns_provider": "ovh"}}
    settings = settings_for("public", change)
    secrets = secrets_of(settings)
    assert set(secrets) == set(SECRET_FILES)
    if given == "none":
        del secrets[name]
    else:
        secrets[name] = ""
    with pytest.raises(InputError, match=rf"secrets/{name}: is missing or empty"):
        render(settings, STACKS["public"], Material(secrets))


@pytest.mark.parametrize("key", ["a#b", "a;b", "'ab'", "a b", "[a]", "a,b"])
def test_a_key_that_certbot_cannot_read_is_refused_without_showing_it(key: str) -> None:
    settings = settings_for("router-ddns", {"certificate": {"eab_key_id": "k1"}})
    with pytest.raises(InputError, match=r"^secrets/eab_hmac_key: has a character") as caught:
        render(settings, STACKS["router-ddns"], Material({"eab_hmac_key": key}))
    assert key not in caught.value.message


def test_wrong_credentials_are_refused_without_showing_them() -> None:
    settings = settings_for("dns-challenge")
    secrets = {"dns_credentials": f"dns_cloudflare_api_tokn = {PASSWORD}"}
    with pytest.raises(InputError, match=r"^secrets/dns_credentials: dns_cloudflare") as caught:
        render(settings, STACKS["dns-challenge"], Material(secrets))
    assert PASSWORD not in f"{caught.value.message}{caught.value.hint}"
    assert "did you mean dns_cloudflare_api_token?" in caught.value.message
    assert "https://certbot-dns-cloudflare.readthedocs.io/" in str(caught.value.hint)


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
    trial = settings_for("router-ddns", {"certificate": {"staging": True}})
    for settings in (settings_for("lan"), settings_for("own-certificate"), staging, trial):
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
