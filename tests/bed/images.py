"""The images, built from one Debian tree under the tags which the real ones have."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bed import moonfire, rootfs
from tests.bed.paths import CONTEXTS, STANDINS, cache_dir, made
from tests.bed.process import PATH, BedError, run

BASE = "nvrstack-bed/base:local"
BUSYBOX = "nvrstack-bed/busybox:local"
CERTBOT_BASE = "nvrstack-bed/certbot-base:local"
TOOLS = "nvrstack-bed/tools:local"

KEY_LABEL = "nvrstack-bed.rootfs"


def tags() -> dict[str, str]:
    """Return the tag of each image by the name of its build context, in building order."""
    try:
        from nvrstack.services import images
    except ImportError as error:
        message = "nvrstack is not installed for this Python: run `make install`, use .venv"
        raise BedError(message) from error

    return {
        "busybox": BUSYBOX,
        "nginx": images.NGINX,
        "certbot-base": CERTBOT_BASE,
        "certbot-rfc2136": images.certbot_image(images.CERTBOT, "certbot/dns-rfc2136"),
        "certbot": images.CERTBOT,
        "ddclient": images.DDCLIENT,
        "moonfire": images.MOONFIRE,
        "tools": TOOLS,
    }


def build(env: Mapping[str, str]) -> None:
    """Build every image; what has not changed comes from the engine's own cache."""
    changed = _import_base(env)
    for name, tag in tags().items():
        with _context(name) as context:
            options = ["--quiet", "--network", "none", "--tag", tag]
            run(["docker", "build", *options, context], env=env, timeout=300)
    if changed:
        run(["docker", "image", "prune", "--force"], env=env)


def _import_base(env: Mapping[str, str]) -> bool:
    """Give the engine the Debian tree; say whether it did not have this very one."""
    shown = run(["docker", "image", "inspect", BASE], env=env, check=False)
    if shown.returncode == 0:
        labels = json.loads(shown.stdout)[0]["Config"]["Labels"] or {}
        if labels.get(KEY_LABEL) == rootfs.key():
            return False
    changes = [f"LABEL {KEY_LABEL}={rootfs.key()}", f"ENV PATH={PATH}"]
    options = [word for change in changes for word in ("--change", change)]
    run(["docker", "import", *options, rootfs.tarball(), BASE], env=env, timeout=300)
    return True


@contextmanager
def _context(name: str) -> Iterator[Path]:
    """Lend a build context: the folder of that name, with the stand-ins where they belong."""
    with tempfile.TemporaryDirectory(prefix="context-", dir=made(cache_dir())) as folder:
        context = Path(folder) / name
        is_real = name == "moonfire" and moonfire.real() is not None
        shutil.copytree(CONTEXTS / ("moonfire-real" if is_real else name), context)
        if name == "moonfire":
            moonfire.put_program(context / "moonfire-nvr")
            moonfire.put_root(context / "root.tar")
        elif name == "tools":
            made(context / "standins")
            for file in sorted(STANDINS.glob("*.py")):
                shutil.copy(file, context / "standins" / file.name)
                (context / "standins" / file.name).chmod(0o755)
        yield context
