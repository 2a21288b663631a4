"""What the real Compose makes of volumes, ports and variables is what is read of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nvrstack.migration.compose.env_file import variables_of
from nvrstack.migration.compose.mounts import volume_in
from nvrstack.migration.docker.ports import port_of
from tests.bed import compose
from tests.bed.process import Word, run

VOLUMES: list[Any] = [
    "/a", "/a:/b", "/a:/b:ro", "/a:/b:ro,z", "/a:/b:rshared", "named:/b", "named:/b:nocopy",
    "./a:/b", "../a:/b", ".:/b", ".hidden:/b", "/a/:/b/", "/a:/c/../d", "/a b:/c d",
    {"type": "bind", "source": "a", "target": "/b/../c/", "read_only": True},
    {"type": "volume", "source": "named", "target": "/b", "volume": {"nocopy": True}},
    {"type": "volume", "target": "/b"},
    {"type": "tmpfs", "target": "/b"},
]  # fmt: skip
PORTS: list[Any] = [
    "8080", "80:8080", "127.0.0.1:80:8080", "127.0.0.1::8080", "[::1]:80:8080", ":8080",
    "80:8080/udp", "80:8080/TCP", "80:8080/", "1-3:4-6", "4-6",
    {"target": 8080}, {"target": 8080, "published": "80", "protocol": "udp"},
    {"target": 8080, "host_ip": "127.0.0.1"}, {"target": 8080, "host_ip": "::1", "published": "80"},
]  # fmt: skip
FILES = [
    "A=b\nC=d\n", "A='b c' # d\n", 'A="b # c"\n', "A=b#c\n", "export A=b\n", "A = b\n", "A=\n",
    "B=1\nA=$B\n", "B=1\nA=${B}/x\n", 'B=1\nA="$B"\n', "B=1\nA='$B'\n", "A=${B:-c}\n",
    'A="b\\"c"\n', "A='b\\'c'\n", 'A="b\\nc"\n', "A='b\\nc'\n", 'A="b\nc"\n', "A-B=c\n",
    "\ufeffA=b\r\nC=d\r\n", "A=b=c\n", "# A=b\n", "A=$$b\n", "A=b;c\n",
]  # fmt: skip
REFUSED: list[tuple[str, Any]] = [
    ("volumes", "/a:/b:ro:z"), ("volumes", ":/b"), ("volumes", "a/b:/c"), ("volumes", ""),
    ("ports", "1-2:3-5"), ("ports", "99999:1"), ("ports", "web:80"), ("ports", "2-1"),
    ("ports", {"published": "80"}),
]  # fmt: skip


def configured(directory: Path, key: str, entries: list[Any], shown: str = "") -> list[Any] | None:
    """What `docker compose config` makes of each entry in a service of its own."""
    services = {f"s{index}": {"image": "x", key: [e]} for index, e in enumerate(entries)}
    content = {"name": "nvr", "services": services, "volumes": {"named": {}}}
    (directory / "compose.yaml").write_text(json.dumps(content))
    command: list[Word] = [compose.plugin(), "config", "--format", "json"]
    done = run(command, cwd=directory, timeout=30, check=False)
    if done.returncode:
        return None
    told = json.loads(done.stdout)["services"]
    return [told[name].get(shown or key) for name in services]


def test_each_form_of_a_file_of_variables(tmp_path: Path) -> None:
    names = [f"{index}.env" for index in range(len(FILES))]
    for name, text in zip(names, FILES, strict=True):
        (tmp_path / name).write_text(text, newline="")
    told = configured(tmp_path, "env_file", names, "environment")
    assert told is not None
    for text, meant in zip(FILES, told, strict=True):
        # The configuration that is shown could be read once more: dollar signs are doubled.
        plain = {name: value.replace("$$", "$") for name, value in (meant or {}).items()}
        assert variables_of(text) == plain, text


def mounts(told: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for each in told:
        yield each["type"], each.get("source"), each["target"], each.get("read_only", False)


def ports(told: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for each in told:
        published = int(each.get("published") or 0)
        yield each.get("host_ip"), published, each["target"], each["protocol"]


@pytest.fixture(scope="module", autouse=True)
def plugin() -> None:
    compose.ensure()


def test_each_form_of_a_volume(tmp_path: Path) -> None:
    told = configured(tmp_path, "volumes", VOLUMES)
    assert told is not None
    for entry, meant in zip(VOLUMES, told, strict=True):
        found = volume_in(entry, str(tmp_path))
        assert found is not None, entry
        mount = found[0]
        ours = (mount.type, mount.source, mount.target, mount.read_only)
        # Compose leaves the cleaning of the host's own path to the engine.
        ((kind, source, *rest),) = mounts(meant)
        assert ours == (kind, source and source.rstrip("/"), *rest), entry


def test_each_form_of_a_port(tmp_path: Path) -> None:
    told = configured(tmp_path, "ports", PORTS)
    assert told is not None
    for entry, meant in zip(PORTS, told, strict=True):
        found = port_of(entry)
        assert found is not None, entry
        ours = [(p.host_ip, p.host_port, p.container_port, p.protocol) for p in found]
        assert ours == list(ports(meant)), entry


@pytest.mark.parametrize(("key", "entry"), REFUSED)
def test_what_compose_refuses_is_not_read(key: str, entry: Any, tmp_path: Path) -> None:
    assert configured(tmp_path, key, [entry]) is None
    assert (volume_in(entry, str(tmp_path)) if key == "volumes" else port_of(entry)) is None
