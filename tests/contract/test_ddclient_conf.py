"""ddclient reads in the rendered configuration what was meant, whatever the password is."""

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nvrstack.rendering.quoting import quote_ddclient_password
from nvrstack.services.providers import providers
from tests.bed.rootfs import chroot
from tests.contract import ddclients, extremes
from tests.contract.rendered import PASSWORD, project

CONF = "ddclient/ddclient.conf"
ADDRESS = "203.0.113.9"

ENDPOINTS = {
    "cloudflare": "https api.cloudflare.com",
    "custom": "http 127.0.0.1:8245",
    "desec": "https update.dedyn.io",
    "duckdns": "https www.duckdns.org",
    "dynu": "https api.dynu.com",
    "namecheap": "https dynamicdns.park-your-domain.com",
    "noip": "https dynupdate.no-ip.com",
}
"""How and where the providers' own documentation says that updates are sent."""

CHARACTERS = st.one_of(
    st.sampled_from("'\"\\,# =$%&;`{}()<>|*?~!\t"[:-1]),
    st.characters(exclude_categories=["Cc", "Cs"]),
)
PASSWORDS = st.text(CHARACTERS, min_size=1, max_size=20)
ODD = [
    "'", "''", '"', "\\", "\\\\", ",", ", \\", "', \\", "'#'", "#", " lead", "trail ", " ", "a=b",
    "password='x'", "x, host.example", "dummy", "é💾", "-", "a'b\"c\\d,e#f g", "end\\'", "$HOME",
]  # fmt: skip


@pytest.fixture(params=ddclients.releases())
def release(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_every_provider_is_read_as_meant(release: str, tmp_path: Path) -> None:
    texts = {name: rendered(name) for name in providers()}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    found = ddclients.read(release, tmp_path, *texts)
    for name, entry in providers().items():
        asked = extremes.provider_change(name)["ddns"]
        general, hosts = found[name][""], {k: v for k, v in found[name].items() if k}
        assert set(hosts) == {host.removesuffix(entry.host_suffix) for host in asked["hosts"]}
        assert general == {"ssl": int(name != "custom"), "usev4": "webv4", "webv4": "ipify-ipv4"}
        for host, values in hosts.items():
            expected: dict[str, object] = {
                "protocol": entry.protocol,
                "password": PASSWORD,
                "host": host,
            }
            given = {"login": asked["login"], "zone": asked.get("zone"), **entry.options}
            if "server" in asked:
                given["server"] = asked["server"].partition("://")[2]
            expected |= {key: value for key, value in given.items() if value is not None}
            assert values == {**general, **expected}


def test_each_update_goes_to_its_provider_by_https(release: str, tmp_path: Path) -> None:
    """Read again by the whole program, which has a mind of its own about what it keeps."""
    script = []
    for name in providers():
        text = rendered(name, "token")
        # Without a network, the address has to be given.
        assert text.count("usev4=webv4\n") == 1
        file = tmp_path / name
        file.write_text(text.replace("usev4=webv4\n", f"usev4=ipv4\nipv4={ADDRESS}\n"))
        file.chmod(0o600)
        words = f"-noexec -verbose -debug -file=/conf/{name} -cache=/tmp/{name}"
        script.append(f"echo '@@ {name}'; ddclient {words} >/tmp/1 2>/tmp/2; cat /tmp/1 /tmp/2")
    binds = {tmp_path: "/conf", **ddclients.program(release)}
    output = chroot(["sh", "-c", "\n".join(script)], binds, check=False).stdout
    shown = dict(section.split("\n", 1) for section in output.split("@@ ")[1:])
    assert {name: endpoints(shown[name]) for name in shown} == {
        name: {endpoint} for name, endpoint in ENDPOINTS.items()
    }
    for name, text in shown.items():
        # Cloudflare is asked for its zone first, and there is no answer.
        assert name == "cloudflare" or ADDRESS in text
        for complaint in ("unrecognized", "invalid", "skipping", "Could not determine an IP"):
            assert complaint not in text.replace("'' is not a valid", ""), text


@settings(max_examples=5, deadline=None)
@given(passwords=st.lists(PASSWORDS, min_size=10, max_size=60))
@example(passwords=ODD)
@pytest.mark.parametrize("release", ddclients.releases())
def test_any_password_arrives_exactly(release: str, passwords: list[str]) -> None:
    mark = "PLACE"
    text = rendered("noip", mark)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index, password in enumerate(passwords):
            line = text.replace(f"'{mark}'", quote_ddclient_password(password))
            (folder / str(index)).write_text(line, encoding="utf-8")
        found = ddclients.read(release, folder, *map(str, range(len(passwords))))
    for index, password in enumerate(passwords):
        hosts = {host: values for host, values in found[str(index)].items() if host}
        assert {values["password"] for values in hosts.values()} == {password}
        assert set(hosts) == {"nvr.example.com", "x-1.example.com"}


def rendered(provider: str, password: str = PASSWORD) -> str:
    """The configuration for a provider."""
    change = extremes.provider_change(provider)
    return project(Path("unused"), "public", change, password=password).text(CONF)


def endpoints(output: str) -> set[str]:
    """Protocol and server of each request that ddclient would have made."""
    pattern = r"protocol = (https?)\n[^\n]*server += (\S+)\n"
    return {" ".join(found) for found in re.findall(pattern, output)}
