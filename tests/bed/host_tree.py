"""A Debian system that boots, as the host of an old install is one: made once, kept for a week."""

import datetime
import hashlib
import shutil
from pathlib import Path

from tests.bed import packages
from tests.bed.debootstrap import debootstrap
from tests.bed.lock import lock
from tests.bed.paths import cache_dir, made

SUITE = "bookworm"
"""The newest whose systemd boots on the control groups of either kind: 258 wants version 2."""

CONTENT = (
    "ca-certificates",
    "certbot",
    "curl",
    "dbus",
    "ddclient",
    "docker.io",
    "iproute2",
    "iptables",
    "nginx",
    "python3",
    "systemd",
    "systemd-sysv",
    "tzdata",
)
NOT_AT_BOOT = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "certbot.timer",
    "containerd.service",
    "ddclient.service",
    "docker.service",
    "docker.socket",
    "nginx.service",
)
"""What Debian enables and not every host of a test has."""
CUSTOMIZE = (
    f'chroot "$1" systemctl disable {" ".join(NOT_AT_BOOT)}',
    # The engine has a containerd of its own.
    'chroot "$1" systemctl mask containerd.service',
    # Some of what it sets is the machine's.
    'chroot "$1" systemctl mask systemd-sysctl.service',
    # At boot, /tmp is emptied otherwise, in which are directories of the machine's.
    'ln -s /dev/null "$1/etc/tmpfiles.d/tmp.conf"',
    'rm -f "$1/etc/nginx/sites-enabled/default" "$1/etc/ddclient.conf" "$1/etc/cron.d/certbot"',
)


def key() -> str:
    """Name the present tree: other contents or another week make another one."""
    week = datetime.datetime.now(tz=datetime.UTC).strftime("%Gw%V")
    content = " ".join((*CONTENT, *CUSTOMIZE))
    return f"{SUITE}-{hashlib.sha256(content.encode()).hexdigest()[:8]}-{week}"


def host_tree() -> Path:
    """Return the tree, made by mmdebstrap unless this week's is there. Do not write there."""
    tree = cache_dir() / "host" / key()
    if not tree.exists():
        packages.ensure(packages.ROOTFS)
        with lock("host-tree", shared=True):
            if not tree.exists():
                _make(tree)
    return tree


def _make(tree: Path) -> None:
    """Make the tree, in place of those of earlier weeks."""
    week = key().rpartition("-")[2]
    for old in made(tree.parent).iterdir():
        # A tree of this week with other contents may be in use by another checkout.
        if not old.name.endswith(week):
            shutil.rmtree(old)
    partial = tree.with_name("partial")
    shutil.rmtree(partial, ignore_errors=True)
    hooks = [f"--customize-hook={hook}" for hook in CUSTOMIZE]
    debootstrap(partial, SUITE, "minbase", CONTENT, *hooks)
    partial.rename(tree)
