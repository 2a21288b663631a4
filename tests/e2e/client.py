"""What clients do: curl and openssl, run in a network namespace of the bed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from tests.bed.bed import Bed

CURL_EMPTY_REPLY = 52
CURL_TLS_CONNECT = 35
CURL_HTTP2_STREAM = 92
SECONDS = 10


@dataclass(frozen=True)
class Answer:
    """What came back: curl's own exit code, and the last response if there was one."""

    curl: int
    problem: str
    version: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str

    def header(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key == name.lower()]

    def value(self, name: str) -> str:
        """Return a field of `/api/request`, which has one a line."""
        found = re.search(rf"^{name}: (.*)$", self.body, re.MULTILINE)
        assert found, f"no {name} in {self}"
        return found[1]


def curl(
    bed: Bed, netns: str, url: str, *options: str, address: str, trust: Path | None = None
) -> Answer:
    """Ask `address` for a URL, whatever its host is; without `trust` any certificate will do."""
    certificates = ["--insecure"] if trust is None else ["--cacert", str(trust)]
    command = ["curl", "--silent", "--show-error", "--include", "--max-time", str(SECONDS)]
    command += [*certificates, "--connect-to", f"::{address}:", "--noproxy", "*", *options, url]
    done = bed.run(command, netns, timeout=SECONDS + 10, check=False)
    return parse(done.returncode, done.stderr.strip(), done.stdout)


def parse(code: int, problem: str, text: str) -> Answer:
    """Take apart what `curl --include` printed."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    words = first.split()
    version, status = (words[0], int(words[1])) if len(words) > 1 else ("", 0)
    pairs = (line.partition(":") for line in lines)
    headers = tuple((key.strip().lower(), value.strip()) for key, _, value in pairs)
    return Answer(code, problem, version, status, headers, body)


def log_in(bed: Bed, netns: str, origin: str, address: str, name: str, password: str) -> Answer:
    """Send the form of the sign-in page."""
    body = json.dumps({"username": name, "password": password}, ensure_ascii=False)
    json_body = ["--header", "Content-Type: application/json", "--data-binary", body]
    return curl(bed, netns, f"{origin}/api/login", *json_body, address=address)


def handshake(
    bed: Bed, netns: str, address: str, *options: str, server_name: str | None
) -> tuple[int, str]:
    """Make a TLS handshake and return openssl's exit code and all that it said."""
    name = ["-noservername"] if server_name is None else ["-servername", server_name]
    command = ["timeout", "10", "openssl", "s_client", "-connect", f"{address}:443", *name]
    done = bed.run([*command, *options], netns, timeout=20, check=False)
    return done.returncode, done.stdout + done.stderr


def served_certificate(
    bed: Bed, netns: str, address: str, server_name: str
) -> x509.Certificate | None:
    """Return the certificate that a client is shown, None if there is no handshake."""
    _, text = handshake(bed, netns, address, server_name=server_name)
    found = re.search(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", text, re.DOTALL)
    return x509.load_pem_x509_certificate(found[0].encode()) if found else None
