"""The image that is built for a DNS plugin: its Dockerfile's commands, run by the real pip."""

import shutil
from pathlib import Path

import pytest

from nvrstack.services.dns_providers import DnsProvider, dns_providers
from tests.bed.process import Done, run
from tests.contract import plugins
from tests.contract.rendered import project
from tests.unit.samples import credentials_of

BUILT = [entry for entry in dns_providers().values() if entry.package]
METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}"


def commands(directory: Path, provider: DnsProvider) -> list[str]:
    """What is run on top of certbot's own image."""
    made = project(
        directory,
        "dns-challenge",
        {"certificate": {"dns_provider": provider.name}},
        given={"dns_credentials": credentials_of(provider)},
    )
    text = made.text("certbot-image/Dockerfile")
    return [line.removeprefix("RUN ") for line in text.splitlines() if line.startswith("RUN ")]


def build(lines: list[str], python: Path, scratch: Path) -> Done:
    """Run them one after the other, in an environment that has certbot."""
    script = "\n".join(["set -e", *lines])
    for file in ("/tmp/constraints.txt", "/tmp/c "):
        script = script.replace(file, file.replace("/tmp", str(scratch)))
    env = {"PATH": f"{python.parent}:/usr/bin:/bin", "HOME": str(scratch)}
    return run(["sh", "-c", script], env=env, check=False, timeout=120)


def package(folder: Path, name: str, needs: str = "") -> Path:
    """A wheel of that name, with nothing in it."""
    info = folder / name / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(METADATA.format(name=name, needs=needs))
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (info / "RECORD").write_text("")
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    shutil.make_archive(str(wheel), "zip", folder / name)
    return Path(f"{wheel}.zip").rename(wheel)


@pytest.mark.parametrize("provider", BUILT, ids=[entry.name for entry in BUILT])
def test_each_plugin_is_there_in_the_end(provider: DnsProvider, tmp_path: Path) -> None:
    done = build(commands(tmp_path / "p", provider), plugins.certbot(), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"* {provider.authenticator}"


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ("Requires-Dist: acme<5\n", "conflicting dependencies"),
        ("", "Successfully installed certbot"),
    ],
    ids=["older acme", "no plugin at all"],
)
def test_what_would_replace_certbot_or_brings_no_plugin_fails(
    needs: str, words: str, tmp_path: Path
) -> None:
    provider = BUILT[0]
    wheel = package(tmp_path, "certbot_dns_nobody", needs)
    lines = [
        line.replace(provider.package or "", str(wheel)).replace(
            provider.authenticator, "dns-nobody"
        )
        for line in commands(tmp_path / "p", provider)
    ]
    program = plugins.certbot()
    listed = [str(program.parent / "pip"), "list", "--format=freeze"]
    before = run(listed).stdout
    done = build(lines, program, tmp_path)
    run([program.parent / "pip", "uninstall", "--yes", "--quiet", "certbot_dns_nobody"])
    assert done.returncode != 0
    assert words in done.stdout + done.stderr
    assert run(listed).stdout == before
