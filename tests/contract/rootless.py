"""A Docker Engine without root's rights, see https://docs.docker.com/engine/security/rootless/.

Debian's script starts it, in a network of its own; it belongs to `nobody`.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bed import packages
from tests.bed.process import end, run, stated, wait_for

PACKAGES = (*packages.ENGINE, "rootlesskit", "uidmap")
START_SECONDS = 30.0
SCRIPT = "/usr/share/docker.io/contrib/dockerd-rootless.sh"
ENTER = """\
mount --bind {folder}/ids /etc/subuid && mount --bind {folder}/ids /etc/subgid
exec setpriv --reuid nobody --regid nogroup --clear-groups "$@"
"""


@contextlib.contextmanager
def rootless_engine() -> Iterator[str]:
    """The address of one (DOCKER_HOST), while it runs."""
    packages.ensure(PACKAGES)
    # Short, for the path of a socket has at most 107 bytes, see unix(7).
    folder = Path(tempfile.mkdtemp(prefix="rootless-"))
    folder.chmod(0o755)
    (folder / "ids").write_text("nobody:100000:65536\n")
    for name in ("run", "home"):
        (folder / name).mkdir(mode=0o700)
        shutil.chown(folder / name, "nobody", "nogroup")
    address = f"unix://{folder}/run/docker.sock"
    arguments = ["--ip-forward=false", "--iptables=false", "--bridge=none"]
    arguments += ["--storage-driver=vfs", f"--data-root={folder}/home/data", f"--host={address}"]
    enter = ["unshare", "--mount", "--propagation=private", "--net", "sh", "-c"]
    enter += [ENTER.format(folder=folder), "sh"]
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": f"{folder}/home",
        "XDG_RUNTIME_DIR": f"{folder}/run",
        "DOCKERD_ROOTLESS_ROOTLESSKIT_NET": "host",
        "DOCKERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER": "none",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*enter, SCRIPT, *arguments], env=environment, stdout=log, stderr=log, cwd="/"
        )
    asked = ["docker", "--host", address, "version"]

    def answers() -> bool:
        return run(asked, env=stated(), check=False, timeout=10).returncode == 0

    try:
        assert wait_for(answers, seconds=START_SECONDS), (folder / "log").read_text()
        yield address
    finally:
        end([process.pid], seconds=START_SECONDS)
        process.wait(1)
        shutil.rmtree(folder, ignore_errors=True)
