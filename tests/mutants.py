"""`python -m tests.mutants MODULE`: small mistakes put into a module, and which no test finds.

A module is named as it is imported (`nvrstack.settings.rules`, a package for all of its modules),
or `keeper.NAME` for a module of certbot's keeper. mutmut works on a copy, since it wants the code
in `src`. The last line is the share of mistakes that were found.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
KEEPER = "compose-templates/certbot/certbot"
COPIED = ("tests", "stacks", "compose-templates", "docs", "README.md", "Makefile", "pyproject.toml")
MUTMUT = Path(sys.executable).with_name("mutmut")
CONFIGURATION = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = [{only}]
also_copy = [{copied}]
pytest_add_cli_args = ["-q", "-x", "-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = [{tests}]
"""


def main() -> int:
    """Try every mutant of one module; return 1 if one survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("module")
    parser.add_argument("tests", nargs="*", help="which tests; those of the module's room if none")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nvrstack-mutants-") as folder:
        copy = Path(folder)
        tests = given.tests or [f"tests/unit/{_room(given.module)}"]
        _prepare(copy, given.module, tests)
        subprocess.run([MUTMUT, "run", "--max-children", "2"], cwd=copy, check=False)
        results = subprocess.run(
            [MUTMUT, "results", "--all", "true"],
            cwd=copy,
            check=True,
            capture_output=True,
            encoding="utf-8",
        ).stdout
        fates = dict(re.findall(r"^\s*(\S+): ([a-z ]+)$", results, re.MULTILINE))
        left = sorted(name for name, fate in fates.items() if fate not in {"killed", "timeout"})
        for name in left:
            print(f"\n{name}: {fates[name]}", flush=True)
            shown = [MUTMUT, "show", name]
            subprocess.run(shown, cwd=copy, check=False)
    print(", ".join(f"{fate}: {number}" for fate, number in Counter(fates.values()).items()))
    print(f"{given.module}: {len(fates) - len(left)} of {len(fates)} found")
    return 1 if left else 0


def _room(module: str) -> str:
    """Return the folder of the unit tests for a module."""
    first, *rest = module.split(".")
    return first if first == "keeper" else rest[0]


def _prepare(copy: Path, module: str, tests: list[str]) -> None:
    """Lay out what mutmut wants: the code in `src`, real files in the place of links."""
    for name in COPIED:
        source = HERE / name
        if source.is_dir():
            shutil.copytree(source, copy / name)
        else:
            shutil.copy(source, copy / name)
    if _room(module) == "keeper":
        shutil.copytree(HERE / KEEPER, copy / "src")
        pattern = f"src/{module.partition('.')[2] or '*'}.py"
    else:
        shutil.copytree(HERE / "generator", copy / "src")
        pattern = f"src/{module.replace('.', '/')}"
        pattern += "/*" if (copy / pattern).is_dir() else ".py"
    words = {"only": [pattern], "copied": [*COPIED, "src"], "tests": tests}
    lists = {key: ", ".join(f'"{value}"' for value in values) for key, values in words.items()}
    with (copy / "pyproject.toml").open("a") as file:
        file.write(CONFIGURATION.format(**lists))


if __name__ == "__main__":
    sys.exit(main())
