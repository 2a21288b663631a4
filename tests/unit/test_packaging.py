"""The package as people get it: wheel, zip file and source archive."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ANSWERS = ("--stack", "lan", "--set", "site.domain=nvr.home.arpa", "--set", "moonfire.timezone=UTC")
STATE = ("--set", "moonfire.state_dir=data/moonfire")


def run(command: list[str], where: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=where,
        env={"PATH": os.environ["PATH"], "HOME": str(where), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source archive, and the wheel that is made from it."""
    out = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)], out)
    (archive,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return archive, wheel


def data_files() -> set[str]:
    """Stacks, templates and providers, as the package has them."""
    data = ROOT / "generator" / "nvrstack" / "data"
    found = set()
    for name in ("stacks", "compose-templates", "providers", "dns-providers"):
        folder = (data / name).resolve()
        paths = (path for path in folder.rglob("*") if path.is_file())
        found |= {f"{name}/{p.relative_to(folder)}" for p in paths if p.suffix != ".pyc"}
    return found


def test_the_wheel_has_all_data_as_files_and_nothing_else(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[1]) as wheel:
        names = {entry.filename for entry in wheel.infolist() if not entry.is_dir()}
        links = [e.filename for e in wheel.infolist() if (e.external_attr >> 28) == 0o12]
    inside = {name for name in names if name.startswith("nvrstack/data/")}
    assert {name.removeprefix("nvrstack/data/") for name in inside} == data_files()
    assert len(data_files()) > 25
    assert links == []
    others = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert others == {"nvrstack"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_is_the_same_from_the_archive_and_from_the_tree(
    built: tuple[Path, Path], tmp_path: Path
) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    run([*build, str(ROOT)], tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.read_bytes() == built[1].read_bytes()


def test_the_source_archive_has_what_a_build_needs_and_no_tests(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE"} <= names
    assert "generator/nvrstack/__main__.py" in names
    assert {f"generator/nvrstack/data/{name}" for name in data_files()} <= names
    assert not [name for name in names if name.startswith(("tests", ".git/", ".venv"))]


@pytest.mark.parametrize("form", ["unzipped", "zip file"])
def test_the_wheel_works(form: str, built: tuple[Path, Path], tmp_path: Path) -> None:
    place = built[1]
    if form == "unzipped":
        place = tmp_path / "a temporary folder"
        with zipfile.ZipFile(built[1]) as wheel:
            wheel.extractall(place)
    where = tmp_path / "work"
    where.mkdir()
    python = [sys.executable, "-m", "nvrstack"]
    outside = {"PYTHONPATH": str(place), "DOCKER_HOST": "tcp://127.0.0.1:9"}

    said = run(
        [sys.executable, "-c", "import nvrstack; print(nvrstack.__file__)"], where, **outside
    )
    assert said.startswith(str(place))
    stacks = json.loads(run([*python, "stacks", "--json"], where, **outside))
    assert [stack["name"] for stack in stacks["stacks"]] == [
        "dns-challenge",
        "lan",
        "own-certificate",
        "public",
        "router-ddns",
    ]
    init = [*python, "init", "project", *ANSWERS, *STATE, "--dry-run", "--json"]
    files = {entry["path"] for entry in json.loads(run(init, where, **outside))["files"]}
    assert {"compose.yaml", "nginx/nginx.conf", ".gitignore", "tls/local/root.crt"} <= files
    assert list(where.iterdir()) == []


def test_every_import_is_declared() -> None:
    """Whoever installs the package alone gets all that it imports."""
    import ast
    import re
    import tomllib
    from importlib.metadata import packages_distributions

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[<>=~ \[]", entry)[0].lower() for entry in project["dependencies"]}
    imported = set()
    for path in (ROOT / "generator" / "nvrstack").rglob("*.py"):
        if "data" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    owners = packages_distributions()
    others = imported - set(sys.stdlib_module_names) - {"nvrstack"}
    needed = {owners[name][0].lower().replace("_", "-") for name in others}
    # pydantic's own core comes with it in the version that it wants.
    assert needed - {"pydantic-core"} <= declared
    assert declared - {"tzdata"} <= needed
