"""The readers of an install survive what a fuzzer makes of real ones, for a bounded time."""

import re
import sys
from pathlib import Path

import pytest

from tests.bed.paths import TESTS
from tests.bed.process import run
from tests.unit.nvr_shapes import CUTS, EDITS, FROZEN, SHAPES

SECONDS = 8
FIXTURES = (SHAPES | CUTS | FROZEN | EDITS).values()
COMPOSE = """\
services:
  moonfire-nvr:
    image: ghcr.io/scottlamb/moonfire-nvr:${TAG:-v0.7.30}
    command: run
    user: 1001:1002
    volumes: [/media/nvr:/media/nvr:rshared, {type: tmpfs, target: /b, tmpfs: {mode: 01777}}]
    environment: [TZ=Etc/UTC, MOONFIRE_LOG]
    networks: {default: , vlan20: {ipv4_address: 192.168.20.5}}
networks: {vlan20: {external: true}}
"""
UNENDED = "services: {a: {image: moonfire-nvr, labels: {b: '${A:-" + "$aaaaaaa" * 12 + "'}}}"
CORPUS = {
    "compose": [COMPOSE.encode(), UNENDED.encode()],
    "script": [text.encode() for text, _ in FIXTURES],
    "options": [b"\0".join(word.encode() for word in argv) for _, argv in FIXTURES],
}


@pytest.mark.parametrize("reader", sorted(CORPUS))
def test_no_input_crashes_or_hangs_a_reader(tmp_path: Path, reader: str) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, content in enumerate(CORPUS[reader]):
        (corpus / str(number)).write_bytes(content)
    limits = [f"-max_total_time={SECONDS}", "-timeout=5", "-rss_limit_mb=2048", "-max_len=8192"]
    command = [sys.executable, "-m", "tests.contract.fuzzing", reader, *limits, str(corpus)]
    done = run(command, cwd=TESTS.parent, timeout=SECONDS + 60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = re.search(r"Done (\d+) runs", done.stderr)
    assert told is not None
    assert int(told[1]) > len(CORPUS[reader])
