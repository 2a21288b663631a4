"""A real name server, BIND, that takes dynamic updates (RFC 2136)."""

import base64
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bed.paths import made
from tests.bed.process import end, wait_for
from tests.bed.rootfs import chroot_command

INSIDE = "/zone"
KEY = "nvr-key."
SECRET = base64.b64encode(b"known to the zone alone, 32 byte").decode()
CONFIGURATION = """
options {{
    directory "{inside}";
    listen-on port {port} {{ {address}; }};
    listen-on-v6 {{ none; }};
    recursion no;
    pid-file none;
}};
controls {{ }};
key "{key}" {{ algorithm hmac-sha512; secret "{secret}"; }};
zone "{zone}" {{
    type primary;
    file "records";
    update-policy {{ grant {key} zonesub TXT; }};
}};
"""
RECORDS = """$TTL 1
@ IN SOA ns hostmaster 1 60 60 600 1
@ IN NS ns
ns IN A {address}
"""


@dataclass(frozen=True)
class NameServer:
    """Where it runs, or will run, and the addresses that it knows in its one zone."""

    directory: Path
    netns: str
    addresses: Mapping[str, str] = field(default_factory=dict)
    zone: str = "example.com"
    address: str = "127.0.0.1"
    port: int = 53

    @property
    def where(self) -> str:
        """What Pebble is told of it."""
        return f"{self.address}:{self.port}"

    def credentials(self, secret: str = SECRET) -> str:
        """What certbot's plugin is told of it."""
        return (
            f"dns_rfc2136_server = {self.address}\n"
            f"dns_rfc2136_port = {self.port}\n"
            f"dns_rfc2136_name = {KEY}\n"
            f"dns_rfc2136_secret = {secret}\n"
            "dns_rfc2136_algorithm = HMAC-SHA512"
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it, and wait until it has loaded its zone."""
        values = {"address": self.address, "port": self.port, "zone": self.zone}
        configuration = CONFIGURATION.format(inside=INSIDE, key=KEY, secret=SECRET, **values)
        known = (f"{name}. IN A {address}\n" for name, address in self.addresses.items())
        (made(self.directory) / "named.conf").write_text(configuration)
        (self.directory / "records").write_text("".join([RECORDS.format(**values), *known]))
        command = ["named", "-g", "-c", f"{INSIDE}/named.conf"]
        said = self.directory / "log"
        with said.open("wb") as log:
            process = subprocess.Popen(
                chroot_command(command, {self.directory: INSIDE}, netns=self.netns),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            loaded = wait_for(lambda: "all zones loaded" in said.read_text(), seconds=10)
            assert loaded, said.read_text()
            yield
        finally:
            end([process.pid], seconds=2)
            process.wait(timeout=5)
