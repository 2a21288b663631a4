"""Files that nvrstack did not make: no command touches them."""

from pathlib import Path

from tests.unit.commands import nvrstack
from tests.unit.projects.made import OURS, edit, made, traces


def test_files_of_ones_own_are_left_alone_by_every_command(tmp_path: Path) -> None:
    folder = made(tmp_path / "p")
    own = {
        "nginx/custom.d/mine.conf": "gzip on;\n",
        "nginx/sites/mine.conf": "# mine\n",
        "compose.override.yaml": "services: {}\n",
        "notes.txt": "buy another disk\n",
        "data/letsencrypt/live/nvr.example.com/fullchain.pem": "certificate\n",
        "secrets/mine": "secret\n",
    }
    for path, text in own.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
        (folder / path).chmod(0o600 if path.startswith("secrets/") else 0o640)
    (folder / "elsewhere").symlink_to("nowhere")
    before = {path: traces(folder)[path] for path in own}
    edit(folder / "nvrstack.toml", "login_rate = 10", "login_rate = 11")
    commands: list[list[str]] = [
        ["render", "--yes"],
        ["set", "access.login_rate", "12"],
        ["render", "--yes"],
        ["domain", "new.example.com", "--yes"],
        ["domain", "newer.example.com", "--keep-old-as-redirect", "--yes"],
        ["template", "copy", "nginx/nginx/nginx.conf.j2"],
        ["render", "--yes", "--theirs"],
    ]
    for command in commands:
        done = nvrstack("--project", folder, *command)
        assert done.code == 0, (command, done.stderr)
    for when in nvrstack("--project", folder, "restore", "--json").json()["backups"]:
        assert not set(when["files"]) & set(own)
        assert nvrstack("--project", folder, "restore", when["when"], "--yes").code == 0
    assert {path: traces(folder)[path] for path in own} == before
    assert (folder / "elsewhere").readlink() == Path("nowhere")
    kept = {path for path in traces(folder) if path.startswith(OURS)}
    assert not {path for path in kept if path.endswith(tuple(own))}
