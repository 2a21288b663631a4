"""What a test run used, for its log: nothing is asserted on these."""

import re

from tests.bed import compose, engine, images, moonfire, network
from tests.bed.process import run

PROGRAMS = {
    "nginx": ("nginx", ["nginx", "-v"]),
    "certbot": ("certbot", ["certbot", "--version"]),
    "ddclient": ("ddclient", ["ddclient", "--version"]),
    "pebble": ("tools", ["dpkg-query", "--show", "--showformat", "${Version}", "pebble"]),
    "moonfire-nvr": ("moonfire", ["/usr/local/bin/moonfire-nvr", "--version"]),
}


def versions() -> dict[str, str]:
    """Return the version of each component in a bed that is up."""
    env = engine.environment()
    tags = images.tags()
    asked = {
        "docker engine": ["docker", "version", "--format", "{{.Server.Version}}"],
        "docker client": ["docker", "version", "--format", "{{.Client.Version}}"],
        "compose": [str(compose.plugin()), "version", "--short"],
    }
    for name, (image, command) in PROGRAMS.items():
        program, *arguments = command
        options = ["--rm", "--network", "none", "--entrypoint", program, tags[image]]
        asked[name] = ["docker", "run", *options, *arguments]
    found: dict[str, str] = {}
    for name, command in asked.items():
        done = run(command, env=env, timeout=30, check=False)
        number = re.search(r"\bv?\d+\.\d+[\w.+~-]*", done.stdout + done.stderr)
        found[name] = number[0].rstrip(".,") if number else "unknown"
    if moonfire.real() is None:
        found["moonfire-nvr"] += ", played by the stand-in"
    return found


def status() -> dict[str, str]:
    """Return what is up, for a person."""
    running = engine.pid()
    return {
        "engine": f"runs as process {running}" if running else "does not run",
        "DOCKER_HOST": engine.host(),
        "DOCKER_CONFIG": str(compose.config_dir()),
        **{
            f"namespace {name}": "there" if (network.NETNS / name).exists() else "not there"
            for name in network.NAMESPACES
        },
    }
