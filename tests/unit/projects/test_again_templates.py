"""`nvrstack template`, and templates of one's own in the place of shipped ones."""

import json
from pathlib import Path

import pytest

from nvrstack.rendering.templates import shipped_template, shipped_templates
from tests.unit.commands import Outcome, nvrstack
from tests.unit.projects.made import NGINX, edit, made, render, traces

NAME = "nginx/nginx/nginx.conf.j2"
OWN = f"templates/{NAME}"
COPIED = ".nvrstack/templates.json"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project as `init` leaves it."""
    return made(tmp_path / "p")


def template(folder: Path, *words: str) -> Outcome:
    return nvrstack("--project", folder, "template", *words)


def own(folder: Path, name: str, text: str) -> Path:
    """Put a template of one's own into the project."""
    path = folder / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_list_names_every_template_that_can_be_copied(tmp_path: Path) -> None:
    listed = template(tmp_path, "list").stdout.split()
    assert {NAME, "project/compose.yaml.j2", "certbot/certbot/keeper.py"} <= set(listed)
    assert template(tmp_path, "list", "--json").json() == {"schema": 1, "templates": listed}
    assert not [name for name in listed if "pycache" in name]


def test_every_listed_template_can_be_copied_and_renders_as_before(project: Path) -> None:
    for name in shipped_templates():
        done = template(project, "copy", name)
        assert done.code == 0, done.stderr
        assert (project / "templates" / name).read_text() == shipped_template(name)
    assert render(project, "--yes").stdout == "Nothing to change.\n"
    assert set(json.loads((project / COPIED).read_text())) == set(shipped_templates())


def test_a_copy_says_where_it_is_and_takes_effect_once_edited(project: Path) -> None:
    done = template(project, "copy", NAME)
    assert done.stdout == f"{OWN} is yours now. Edit it, then: nvrstack render\n"
    owner = (project / "nvrstack.toml").stat()
    assert (project / OWN).stat().st_uid == owner.st_uid
    edit(project / OWN, "server_tokens off;", "server_tokens off;\n    gzip on;")
    before = (project / NGINX).read_text()
    shown = render(project, "--yes")
    assert (shown.code, "+    gzip on;" in shown.stdout, shown.stderr) == (0, True, "")
    assert (project / NGINX).read_text() == before.replace(
        "server_tokens off;", "server_tokens off;\n    gzip on;"
    )
    # What the settings say still counts in it.
    edit(project / "nvrstack.toml", "login_rate = 10", "login_rate = 11")
    assert render(project, "--yes").code == 0
    text = (project / NGINX).read_text()
    assert "rate=11r/m" in text
    assert "gzip on;" in text


def test_without_the_own_template_the_shipped_one_counts_again(project: Path) -> None:
    before = (project / NGINX).read_bytes()
    own(project, NAME, "# all mine\n")
    assert render(project, "--yes").code == 0
    assert (project / NGINX).read_text() == "# all mine\n"
    (project / OWN).unlink()
    assert render(project, "--yes").code == 0
    assert (project / NGINX).read_bytes() == before


def test_a_part_that_another_template_includes_can_be_ones_own(project: Path) -> None:
    name = "nginx/service.yaml.j2"
    text = shipped_template(name) or ""
    own(project, name, text.replace("mem_limit: 768m", "mem_limit: 300m"))
    assert render(project, "--yes").code == 0
    assert "mem_limit: 300m" in (project / "compose.yaml").read_text()


def test_a_file_that_is_no_jinja_template_can_be_ones_own(project: Path) -> None:
    own(project, "certbot/certbot/keeper.py", "print('{{ mine }}')\n")
    assert render(project, "--yes").code == 0
    assert (project / "certbot/keeper.py").read_text() == "print('{{ mine }}')\n"


def test_a_copy_as_json(project: Path) -> None:
    data = template(project, "copy", NAME, "--json").json()
    assert data == {"schema": 1, "template": NAME, "file": OWN}


def test_a_second_copy_never_overwrites_the_first(project: Path) -> None:
    assert template(project, "copy", NAME).code == 0
    edit(project / OWN, "server_tokens off;", "")
    before = traces(project)
    done = template(project, "copy", NAME)
    assert (done.code, f"{OWN}: is there already" in done.stderr) == (2, True)
    assert traces(project) == before


@pytest.mark.parametrize(
    "name", ["nginx.conf", "../nvrstack.toml", "nginx", "", "/etc/passwd", "nvrstack.toml.j2", ".."]
)
def test_a_copy_of_what_is_no_template_is_refused(project: Path, name: str) -> None:
    before = traces(project)
    done = template(project, "copy", name)
    assert done.code == 2
    assert f"there is no template {name!r}" in done.stderr
    assert traces(project) == before


BROKEN = [
    ("# one\n{% if %}\n", ", line 2: Expected an expression"),
    ("{% if settings %}\n", ", line 1: "),
    ("# one\n# two\n{{ settings.site.domian }}\n", ", line 3: "),
    ("# one\n{{ domain }}\n", ", line 2: 'domain' is undefined"),
    ("{{ domain | nginks }}\n", ", line 1: No filter named 'nginks'"),
    ('{% include "nginx/nope.j2" %}\n', "nginx/nope.j2"),
    ("# one\n{{ 1 + 'a' }}\n", ", line 2: "),
    ("# one\n\n{{ 1 // 0 }}\n", ", line 3: "),
    ("{{ secret('nope') }}\n", ", line 1: "),
    ("{{ digest('nope') }}\n", ", line 1: "),
    ("# one\n{{ settings() }}\n", ", line 2: "),
    ("{{ [1][5].x }}\n", ", line 1: "),
    ("{{ none | length }}\n", ", line 1: "),
    (f'{{% include "{NAME}" %}}\n', ""),
]


@pytest.mark.parametrize(("text", "sentence"), BROKEN, ids=[text.strip() for text, _ in BROKEN])
def test_a_broken_template_is_one_sentence_with_its_line(
    project: Path, text: str, sentence: str
) -> None:
    own(project, NAME, text)
    before = traces(project)
    done = render(project, "--yes")
    assert done.code == 2
    error, hint = done.stderr.splitlines()
    assert error.startswith(f"error: templates/{NAME}" if "include" not in text else "error: temp")
    assert sentence in error
    assert hint == "hint: mend that template, or delete it to use the shipped one"
    assert traces(project) == before


def test_a_mistake_in_an_included_part_names_that_part(project: Path) -> None:
    text = shipped_template("nginx/service.yaml.j2") or ""
    own(project, "nginx/service.yaml.j2", "# mine\n{{ nope }}\n" + text)
    done = render(project, "--yes")
    assert done.code == 2
    assert "error: templates/nginx/service.yaml.j2, line 2: 'nope' is undefined" in done.stderr


@pytest.mark.parametrize(
    ("name", "text", "path"),
    [
        ("project/compose.yaml.j2", "services: [\n", "compose.yaml"),
        ("moonfire-nvr/moonfire/moonfire-nvr.toml.j2", "a =\n", "moonfire/moonfire-nvr.toml"),
        ("certbot/certbot/certificates.json.j2", "{,}\n", "certbot/certificates.json"),
    ],
)
def test_a_template_that_renders_what_nobody_can_read_is_refused(
    project: Path, name: str, text: str, path: str
) -> None:
    own(project, name, text)
    before = traces(project)
    done = render(project, "--yes")
    assert done.code == 2
    assert f"error: {path}: would be rendered so that nobody can read it" in done.stderr
    assert traces(project) == before


def test_a_template_that_is_no_text_is_refused(project: Path) -> None:
    own(project, NAME, "")
    (project / OWN).write_bytes(b"\xff\xfe")
    before = traces(project)
    done = render(project, "--yes")
    assert (done.code, "nginx.conf.j2: is not UTF-8 text" in done.stderr) == (2, True)
    assert traces(project) == before


@pytest.mark.parametrize("name", ["nginx/nginx/ngin.conf.j2", "README.md", "nginx.conf.j2"])
def test_an_own_template_that_takes_no_place_is_refused(project: Path, name: str) -> None:
    own(project, name, "# mine\n")
    before = traces(project)
    done = render(project, "--yes")
    assert done.code == 2
    assert f"templates/{name}: takes no shipped template's place" in done.stderr
    assert "nvrstack template list" in done.stderr
    assert traces(project) == before


def test_who_copied_an_older_template_is_warned_until_it_is_copied_anew(project: Path) -> None:
    warning = f"warning: templates/{NAME} was copied from an older shipped template\n"
    assert template(project, "copy", NAME).code == 0
    assert template(project, "copy", "project/README.md.j2").code == 0
    assert render(project, "--yes").stderr == ""
    digests = json.loads((project / COPIED).read_text())
    digests[NAME] = "0" * 64
    (project / COPIED).write_text(json.dumps(digests))
    for options in ((), ("--check",), ("--yes",)):
        done = render(project, *options)
        assert (done.code, done.stderr) == (0, warning)
    assert render(project, "--json").json()["changes"] == []
    (project / OWN).unlink()
    assert render(project).stderr == ""
    assert template(project, "copy", NAME).code == 0
    assert render(project).stderr == ""


def test_an_own_template_is_no_change_of_the_shipped_one(project: Path) -> None:
    assert template(project, "copy", NAME).code == 0
    edit(project / OWN, "server_tokens off;", "server_tokens off;\n    gzip on;")
    assert render(project, "--yes").stderr == ""


@pytest.mark.parametrize("text", ["{", "[1]", "5", '"x"'])
def test_a_damaged_memory_of_copies_is_a_clear_error(project: Path, text: str) -> None:
    assert template(project, "copy", NAME).code == 0
    (project / COPIED).write_text(text)
    before = traces(project)
    done = render(project, "--yes")
    assert (done.code, f"{COPIED}: is damaged" in done.stderr) == (2, True)
    assert traces(project) == before
