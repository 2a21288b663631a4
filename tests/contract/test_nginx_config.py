"""nginx accepts what is rendered for every stack, as start.sh starts it."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bed.process import run
from tests.contract import extremes
from tests.contract.certificates import issue, put
from tests.contract.container import container
from tests.contract.rendered import Project, project, stack_names, write

CONFIG = "/etc/nvrstack/nginx/nginx.conf"
GIXY = [sys.executable, "-m", "gixy.cli.main"]


def different_cases() -> Iterator[tuple[str, str, extremes.Change]]:
    """The cases that differ in what nginx reads."""
    seen = set()
    for stack, what, change in extremes.cases():
        files = project(Path("unused"), stack, change).files
        content = tuple(f.content for path, f in files.items() if path.startswith("nginx/"))
        if content not in seen:
            seen.add(content)
            yield stack, what, change


CASES = tuple(different_cases())


def issued(made: Project) -> Project:
    """The project with a certificate."""
    if not made.settings.certificate.is_local:
        put(made, issue(*made.settings.site.names))
    return made


@pytest.mark.parametrize(
    ("stack", "change"),
    [(stack, change) for stack, _, change in CASES],
    ids=[f"{stack}-{what}" for stack, what, _ in CASES],
)
def test_nginx_accepts_every_stack(
    stack: str, change: extremes.Change, tmp_path: Path, netns: str
) -> None:
    made = issued(write(project(tmp_path / "project", stack, change)))
    nginx = container(made, "nginx", netns, tmp_path / "tmp")
    with nginx.started(tmp_path / "log") as running:
        assert running.says("start.sh: started"), running.text()
        tested = nginx.run(["nginx", "-t", "-c", CONFIG])
        assert tested.returncode == 0, tested.stderr
        assert "[" not in tested.stderr, "nginx has a warning"
    directory = "tls/local" if made.settings.certificate.is_local else "/letsencrypt/live/"
    first, second = running.text().splitlines()
    assert directory in first
    assert second == "start.sh: started"


ACCEPTED = {
    # The directory is asked for challenges alone, a few times a year.
    "try_files_is_evil_too",
}
UNTRUSTED = {
    # Browsers must not insist on https where only the owner trusts the certificate, where it is the
    # placeholder still, or where the page has another port.
    "hsts_header",
}


FURTHER: extremes.Change = {
    "site": {"redirects": ["old.example.com"], "public_https_port": 8443},
    "sites": [
        {"domain": "a.example.com", "upstream": "https://192.168.1.30:5001", "verify_tls": False},
        {"domain": "b.example.com", "upstream": "https://nas.example.net", "websocket": False},
        {"domain": "c.example.com", "upstream": "http://nas:8080", "host": "upstream"},
    ],
}


@pytest.mark.parametrize(
    ("stack", "change"), [*((stack, {}) for stack in stack_names()), ("router-ddns", FURTHER)]
)
def test_gixy_finds_nothing(
    stack: str, change: extremes.Change, tmp_path: Path, netns: str
) -> None:
    made = issued(write(project(tmp_path / "project", stack, change)))
    nginx = container(made, "nginx", netns, tmp_path / "tmp")
    with nginx.started(tmp_path / "log") as running:
        assert running.says("start.sh: started"), running.text()
        dump = nginx.run(["nginx", "-T", "-q", "-c", CONFIG])
    assert dump.returncode == 0, dump.stderr
    dumped = tmp_path / "nginx.conf"
    dumped.write_text(dump.stdout)
    told = run([*GIXY, "--format", "json", str(dumped)], check=False)
    serious = {
        finding["plugin"]
        for finding in json.loads(told.stdout)
        if finding["severity"] in {"MEDIUM", "HIGH"}
    }
    trusted = made.settings.certificate.is_acme and not change
    assert serious <= ACCEPTED | (set() if trusted else UNTRUSTED), told.stdout
