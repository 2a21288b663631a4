"""What is read out of a script is what the real bash gives to docker, and nothing is run for it."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from nvrstack.migration.install import User
from nvrstack.migration.shell.evaluate import evaluate
from nvrstack.migration.shell.source import ShellError, Source
from nvrstack.migration.words import Unknown, Word
from tests.bed import packages
from tests.bed.process import run
from tests.contract.shell_scripts import SCRIPTS
from tests.examples import examples
from tests.unit.nvr_shapes import EDITS, SHAPES

ACCOUNTS = {"root": User(0, 0), "moonfire-nvr": User(998, 997)}
ZONE = "Etc/UTC"
ARGUMENTS = ("run", "x y")
DOCKER = """#!/bin/sh
{ printf '%s\\0' "$#"; [ $# = 0 ] || printf '%s\\0' "$@"; } >> "$RECORD"
"""
ID = """#!/bin/sh
case "$*" in
"-u moonfire-nvr") echo 998 ;;
"-g moonfire-nvr") echo 997 ;;
-u | -g) echo 0 ;;
*) exit 1 ;;
esac
"""
SUDO = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do
    if [ "$1" = -u ]; then shift; fi
    shift
done
exec "$@"
"""
EVERY = """
for script in "$1"/*.nvr; do
    RECORD="${script%.nvr}.record" timeout 5 "$script" run "x y" >/dev/null 2>&1 </dev/null
done
:
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Where docker, id and sudo are only played."""
    place = tmp_path / "bin"
    place.mkdir()
    for name, text in {"docker": DOCKER, "id": ID, "sudo": SUDO}.items():
        (place / name).write_text(text)
        (place / name).chmod(0o755)
    return place


def by_bash(texts: list[str], place: Path, programs: Path) -> list[list[tuple[str, ...]]]:
    """The words of every call of docker that bash makes in each of the scripts."""
    place.mkdir()
    zone = place / "timezone"
    zone.write_text(f"{ZONE}\n")
    for index, text in enumerate(texts):
        script = place / f"{index}.nvr"
        script.write_text(
            text.replace("/usr/bin/docker", "docker").replace("/etc/timezone", str(zone))
        )
        script.chmod(0o755)
    empty = place / "empty"
    empty.mkdir()
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "LANG": "C.UTF-8"}
    run(["sh", "-c", EVERY, "sh", place], env=environment, cwd=empty, timeout=300)
    return [calls_in(place / f"{index}.record") for index in range(len(texts))]


def calls_in(record: Path) -> list[tuple[str, ...]]:
    items = record.read_bytes().decode().split("\0")[:-1] if record.exists() else []
    found = []
    while items:
        count = int(items[0])
        found.append(tuple(items[1 : count + 1]))
        items = items[count + 1 :]
    return found


def by_reading(text: str) -> list[tuple[Word, ...]]:
    found = evaluate(Source(text.encode()), ARGUMENTS, ACCOUNTS, f"{ZONE}\n")
    return [call.argv for call in found.calls]


def test_bash_gives_the_same_words_in_every_shape(tmp_path: Path, programs: Path) -> None:
    scripts = {name: text for name, (text, _) in (SHAPES | EDITS).items()}
    bash = by_bash([*scripts.values()], tmp_path / "scripts", programs)
    for (name, text), real in zip(scripts.items(), bash, strict=True):
        assert real, name
        assert by_reading(text)[: len(real)] == real, name


def test_bash_gives_the_same_words_in_any_script(
    tmp_path_factory: pytest.TempPathFactory, programs: Path
) -> None:
    counted: dict[str, int] = dict.fromkeys(["exact", "partly unknown", "refused"], 0)

    @examples(3, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.lists(SCRIPTS, min_size=20, max_size=30))
    def compare(texts: list[str]) -> None:
        bash = by_bash(texts, tmp_path_factory.mktemp("bash") / "scripts", programs)
        for text, real in zip(texts, bash, strict=True):
            counted[outcome(text, real)] += 1

    compare()
    assert counted["exact"] > counted["partly unknown"]
    assert counted["exact"] > counted["refused"]
    assert counted["exact"] > 20


def outcome(text: str, real: list[tuple[str, ...]]) -> str:
    """How far a script was understood; never otherwise than bash does."""
    try:
        read = by_reading(text)
    except ShellError:
        return "refused"
    assert len(read) == len(real), text
    for found, true in zip(read, real, strict=True):
        if any(isinstance(word, Unknown) for word in found):
            return "partly unknown"
        assert found == true, text
    return "exact"


HOSTILE = """#!/bin/bash -e
touch HERE/made
echo x > HERE/made; : >> HERE/made; exec 3<> HERE/made
a=$(touch HERE/made) b=`touch HERE/made` c=$(( $(touch HERE/made) ))
eval "touch HERE/made"
. HERE/script
source <(echo touch HERE/made)
cat <<EOF > HERE/made
$(touch HERE/made)
EOF
cat <<< "$(touch HERE/made)" | tee >(cat > HERE/made)
coproc touch HERE/made
trap 'touch HERE/made' EXIT
f() { f | f & }; f
x[$(touch HERE/made)]=1
declare "y[$(touch HERE/made)]=1"
[[ -v 'z[$(touch HERE/made)]' ]]
printf -v 'z[$(touch HERE/made)]' x
: "${w:=$(touch HERE/made)}" "${w@P}" "${!w}" ~root "$'\\x41'" {1..3} /etc/* $(<HERE/script)
/bin/sh -c 'touch HERE/made'; HERE/script; exec HERE/script
docker run -d "$(touch HERE/made)" <(touch HERE/made) run
"""
READ = """
import os
import sys
from pathlib import Path
from nvrstack.migration.script.script import script_calls
contents = [Path(name).read_bytes() for name in sys.argv[1:]]
script_calls(b"#!/bin/bash\\ndocker run -d x run", {}, None)
events = []
sys.addaudithook(lambda name, arguments: events.append(name))
os.write(2, b"BEGIN\\n")
for content in contents:
    script_calls(content, {}, None)
os.write(2, b"END\\n")
bad = ("subprocess", "os.", "open", "socket", "shutil", "exec", "pty")
print(sorted({name for name in events if name.startswith(bad)}))
"""


def test_nothing_runs_and_no_file_changes_while_a_hostile_script_is_read(tmp_path: Path) -> None:
    packages.ensure(("strace",))
    # All at once, and each line alone, since one that is refused hides the others.
    first, *lines = HOSTILE.replace("HERE", str(tmp_path)).splitlines(keepends=True)
    texts = [first + "".join(lines), *(first + line for line in lines)]
    scripts = [tmp_path / f"{number}.script" for number in range(len(texts))]
    for script, text in zip(scripts, texts, strict=True):
        script.write_text(text)
    trace = tmp_path / "trace"
    tracing = ["strace", "-f", "-e", "trace=process,file,network,write", "-o", str(trace)]
    found = run([*tracing, sys.executable, "-c", READ, *scripts], timeout=60)
    assert found.stdout == "[]\n"
    told = trace.read_text().splitlines()
    begin = next(i for i, line in enumerate(told) if "BEGIN" in line)
    end = next(i for i, line in enumerate(told) if "END" in line)
    assert told[begin + 1 : end] == []
    assert not (tmp_path / "made").exists()
