"""`nvrstack get` and `set`: settings changed without an editor, everything else kept."""

import difflib
import tomllib
from pathlib import Path

import pytest

from nvrstack.settings.answers import known_keys
from tests.unit.commands import Outcome, nvrstack
from tests.unit.projects.made import made, traces

SETTINGS = "nvrstack.toml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project as `init` leaves it."""
    return made(tmp_path / "p")


def set_(folder: Path, *words: str) -> Outcome:
    return nvrstack("--project", folder, "set", *words)


def get(folder: Path, *words: str) -> Outcome:
    return nvrstack("--project", folder, "get", *words)


def changed_lines(folder: Path, before: str) -> list[str]:
    """The lines that went and came, without those around them."""
    after = (folder / SETTINGS).read_text()
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[:1] in "+-" and line[:3] not in {"+++", "---"}]


SIMPLE = [
    ("site.domain", "new.example.com", '"new.example.com"', "new.example.com"),
    ("site.http_port", "8080", "8080", "8080"),
    ("site.aliases", "a.example.com", '["a.example.com"]', "a.example.com"),
    (
        "site.aliases",
        " a.example.com , b.example.com,",
        '["a.example.com", "b.example.com"]',
        "a.example.com,b.example.com",
    ),
    ("site.short_names", "", "[]", ""),
    ("moonfire.sample_dirs", '["/media/a,b"]', '["/media/a,b"]', "/media/a,b"),
    ("moonfire.state_dir", "data/größe", '"data/größe"', "data/größe"),
    ("access.hsts", "12h", '"12h"', "12h"),
    ("certificate.key_type", "rsa", '"rsa"', "rsa"),
    ("images.nginx", "nginx:1.31.0", '"nginx:1.31.0"', "nginx:1.31.0"),
]


@pytest.mark.parametrize(("key", "value", "written", "read"), SIMPLE)
def test_one_line_changes_and_every_other_byte_stays(
    project: Path, key: str, value: str, written: str, read: str
) -> None:
    before = (project / SETTINGS).read_text()
    done = set_(project, key, value)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == "nvrstack.toml is changed. Now: nvrstack render\n"
    gone, come = changed_lines(project, before)
    name = key.rpartition(".")[2]
    assert gone.startswith(f"-{name} = ")
    assert come == f"+{name} = {written}"
    assert get(project, key).stdout == (f"{read}\n" if read else "")


EXAMPLES = [
    ("site.public_https_port", "8443", "# public_https_port = 8443"),
    ("certificate.email", "me@nvr.example.com", '# email = "you@mail.example.com"'),
]


@pytest.mark.parametrize(("key", "value", "example"), EXAMPLES)
def test_a_commented_example_gives_way_to_the_real_line(
    project: Path, key: str, value: str, example: str
) -> None:
    before = (project / SETTINGS).read_text()
    assert example in before.splitlines()
    assert set_(project, key, value).code == 0
    gone, come = changed_lines(project, before)
    assert gone == f"-{example}"
    assert come.startswith(f"+{key.rpartition('.')[2]} = ")
    assert value in come
    # A second time, that line changes.
    assert set_(project, key, value.replace("8", "7").replace("me@", "us@")).code == 0
    assert len(changed_lines(project, before)) == 2


def test_comments_order_and_blank_lines_of_ones_own_are_kept(project: Path) -> None:
    path = project / SETTINGS
    text = path.read_text()
    text = "# at the top\n\n\n" + text.replace(
        "http_port = 80", "http_port   =  80   # the router's 80"
    )
    path.write_text(text + "\n\n# at the end")
    assert set_(project, "site.http_port", "81").code == 0
    assert path.read_text() == (text + "\n\n# at the end").replace(
        "http_port   =  80   #", "http_port   =  81   #"
    )


@pytest.mark.parametrize(
    "comment",
    [
        "# email = ask Anna",
        "# email = ",
        "# email = [",
        '# email = "a" "b"',
        "# email = a = b",
        '# email = """',
    ],
)
def test_a_comment_that_only_looks_like_an_example_is_no_obstacle(
    project: Path, comment: str
) -> None:
    path = project / SETTINGS
    path.write_text(path.read_text().replace('# email = "you@mail.example.com"', comment))
    done = set_(project, "certificate.email", "me@nvr.example.com")
    assert (done.code, done.stderr) == (0, "")
    assert tomllib.loads(path.read_text())["certificate"]["email"] == "me@nvr.example.com"


def test_a_section_that_is_not_there_is_made(tmp_path: Path) -> None:
    from tests.unit.samples import GOOD

    (tmp_path / SETTINGS).write_text(GOOD)
    assert set_(tmp_path, "access.login_rate", "20").code == 0
    text = (tmp_path / SETTINGS).read_text()
    assert text.startswith(GOOD)
    assert tomllib.loads(text)["access"] == {"login_rate": 20}


@pytest.mark.parametrize("end", ["\r\n", "\n"], ids=["CRLF", "LF"])
def test_line_ends_are_kept(project: Path, end: str) -> None:
    path = project / SETTINGS
    path.write_bytes(path.read_bytes().replace(b"\n", end.encode()))
    before = path.read_bytes()
    assert set_(project, "site.http_port", "81").code == 0
    assert path.read_bytes() == before.replace(b"http_port = 80", b"http_port = 81")


WRONG = [
    ("site.domain", "192.168.1.2", "is an IP address"),
    ("site.http_port", "0", "1 to 65535"),
    ("site.http_port", "many", "whole number"),
    ("site.http_port", "443", "choose two ports"),
    ("site.aliases", "a.example.com,a.example.com", "more than once"),
    ("site.aliases", "[1", "a list"),
    ("certificate.authority", "local", "use the stack lan"),
    ("stack", "pubic", "did you mean public?"),
    ("images.nginx", "nginx:latest", "changes by itself"),
    ("access.hsts", "long", '"30d"'),
    ("moonfire.state_dir", "../x", "without '..'"),
    ("schema", "2", "install the nvrstack that wrote it"),
]


@pytest.mark.parametrize(("key", "value", "sentence"), WRONG)
def test_a_wrong_value_changes_nothing(project: Path, key: str, value: str, sentence: str) -> None:
    before = traces(project)
    done = set_(project, key, value)
    assert done.code == 2
    assert key in done.stderr
    assert sentence in done.stderr
    assert traces(project) == before


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("site.domian", "site.domain"), ("site.http-port", "site.h")],
)
@pytest.mark.parametrize("command", ["get", "set"])
def test_an_unknown_key_is_refused_with_the_nearest_one(
    project: Path, command: str, key: str, nearest: str
) -> None:
    before = traces(project)
    words = (key, "1") if command == "set" else (key,)
    done = nvrstack("--project", project, command, *words)
    assert done.code == 2
    assert f"{key}: is not a setting; did you mean {nearest}" in done.stderr
    assert traces(project) == before


@pytest.mark.parametrize("key", ["sites", "sites.domain", "sites.0.domain", "sites[0].upstream"])
@pytest.mark.parametrize("command", ["get", "set"])
def test_the_tables_of_further_sites_are_for_an_editor(
    project: Path, command: str, key: str
) -> None:
    before = traces(project)
    words = (key, "1") if command == "set" else (key,)
    done = nvrstack("--project", project, command, *words)
    assert done.code == 2
    assert f"{key}: has no name of its own; edit the tables [[sites]] in" in done.stderr
    assert traces(project) == before


@pytest.mark.parametrize("key", ["ddns.password", "ddns_password", "site.token"])
def test_a_secret_is_no_setting(project: Path, key: str) -> None:
    before = traces(project)
    done = set_(project, key, "s3cret!")
    assert done.code == 2
    assert "secrets/ddns_password" in done.stderr
    assert "s3cret!" not in done.stderr
    assert traces(project) == before


def test_every_setting_is_read_as_it_is_written(project: Path) -> None:
    file = tomllib.loads((project / SETTINGS).read_text())
    for key in known_keys():
        section, _, name = key.rpartition(".")
        written = (file[section] if section else file).get(name)
        assert get(project, key, "--json").json() == {"schema": 1, "key": key, "value": written}


@pytest.mark.parametrize(("key", "value"), [("access.hsts", "30d"), ("ddns.interval", "5m")])
def test_a_length_of_time_is_read_as_it_is_written(project: Path, key: str, value: str) -> None:
    assert get(project, key).stdout == f"{value}\n"
    assert set_(project, key, get(project, key).stdout.strip()).code == 0


def test_a_setting_that_is_not_given_is_read_as_nothing(project: Path) -> None:
    assert get(project, "certificate.email").stdout == ""
    assert get(project, "certificate.email", "--json").json()["value"] is None


def test_set_keeps_the_settings_as_they_were_with_their_mode(project: Path) -> None:
    path = project / SETTINGS
    path.chmod(0o640)
    before = path.read_bytes()
    assert set_(project, "site.http_port", "81").code == 0
    assert path.stat().st_mode & 0o777 == 0o640
    (kept,) = (project / ".nvrstack/backups").glob(f"*/{SETTINGS}")
    assert (kept.read_bytes(), kept.stat().st_mode & 0o777) == (before, 0o640)


def test_set_as_json(project: Path) -> None:
    assert set_(project, "site.http_port", "81", "--json").json() == {
        "schema": 1,
        "settings": [{"key": "site.http_port", "value": "81"}],
    }
