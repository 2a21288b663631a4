"""ddclient reads in the rendered configuration what was meant, whatever the password is."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nvrstack.rendering.quoting import quote_ddclient_password
from nvrstack.services.providers import providers
from nvrstack.services.releases import is_newer
from tests.contract import ddclients, extremes
from tests.contract.rendered import PASSWORD, project
from tests.examples import examples

CONF = "ddclient/ddclient.conf"

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
    texts = {name: rendered(name, extremes.SECRETS.get(name, PASSWORD)) for name in providers()}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    found = ddclients.read(release, tmp_path, *texts)
    for name, entry in providers().items():
        asked = extremes.provider_change(name)["ddns"]
        general, hosts = found[name][""], {k: v for k, v in found[name].items() if k}
        assert set(hosts) == {entry.told_as(host, None) for host in asked["hosts"]}
        assert general == {"ssl": int(name not in {"custom", "nsupdate"})}
        file = entry.password_file and f"/etc/nvrstack/ddclient/{entry.password_file}"
        meant: dict[str, object] = {
            "protocol": entry.protocol,
            entry.key("password"): file or extremes.SECRETS.get(name, PASSWORD),
            entry.key("login"): asked["login"],
            entry.key("zone"): asked.get("zone"),
            "server": asked.get("server", "").partition("://")[2] or None,
            "ttl": "600" if "ttl" in asked else None,
            **entry.options,
        }
        for host, values in hosts.items():
            expected = {key: value for key, value in meant.items() if value is not None}
            if is_newer(entry.since, ddclients.version(release)):
                expected = {key: value for key, value in expected.items() if key in values}
            read = {key: as_words(value) for key, value in values.items() if key != "ssl"}
            assert read == {**expected, "host": host}, name


def as_words(value: object) -> str:
    """A number of seconds or a truth value, as the file has it."""
    return {1: "yes", 0: "no"}.get(value, str(value)) if isinstance(value, int) else str(value)


@examples(5)
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
