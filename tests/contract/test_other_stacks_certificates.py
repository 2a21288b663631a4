"""nginx in the stacks without certbot: one's own authority, and a certificate that one brings."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from nvrstack.host.apply import apply
from nvrstack.pki.certificates import Pair, local_leaf, local_root
from nvrstack.pki.keep import OWN, missing_certificates
from tests.bed.process import run
from tests.contract.certificates import issue
from tests.contract.door import Door, door

PACE = {"seconds_between_looks": "0.4"}


@pytest.fixture
def home(tmp_path: Path, netns: str) -> Door:
    """The LAN stack."""
    return door(tmp_path, netns, PACE, stack="lan")


def header(answer: str, name: str) -> str:
    """One header of an answer."""
    lines = answer.partition("\r\n\r\n")[0].splitlines()
    (found,) = [line for line in lines if line.lower().startswith(f"{name}: ")]
    return found.partition(": ")[2]


def test_a_phone_gets_the_root_and_trusts_the_page_by_it(home: Door, tmp_path: Path) -> None:
    domain = home.project.settings.site.domain
    with home.open():
        page = home.get(f"http://{domain}/install")
        assert page.startswith("HTTP/1.1 200")
        assert header(page, "content-type") == "text/html; charset=utf-8"
        assert f"https://{domain}/" in page
        types = {"root.crt": "application/x-x509-ca-cert", "root.pem": "application/x-pem-file"}
        for name, kind in types.items():
            file = tmp_path / name
            assert (
                home.curl("--fail", "--output", str(file), f"http://{domain}/{name}").returncode
                == 0
            )
            assert header(home.get(f"http://{domain}/{name}"), "content-type") == kind
        der = x509.load_der_x509_certificate((tmp_path / "root.crt").read_bytes())
        assert der == x509.load_pem_x509_certificate((tmp_path / "root.pem").read_bytes())

        # What phones install is the binary one.
        anchor = tmp_path / "anchor.pem"
        convert = ["openssl", "x509", "-inform", "DER", "-in", str(tmp_path / "root.crt")]
        run([*convert, "-out", str(anchor)])
        trusting = ["--cacert", str(anchor)]
        assert home.curl(*trusting, f"https://{domain}/").returncode == 0
        stranger = tmp_path / "stranger.pem"
        stranger.write_bytes(home.placeholder())
        assert home.curl("--cacert", str(stranger), f"https://{domain}/").returncode == 60


def test_a_certificate_that_one_brings_is_served_and_so_is_the_next(
    tmp_path: Path, netns: str
) -> None:
    own = door(tmp_path, netns, PACE, stack="own-certificate")
    made = own.project
    first = (made.directory / OWN[0]).read_bytes()
    with own.open() as running:
        assert own.serves(first), running.text()
        assert "acme-challenge" not in made.text("nginx/sites/moonfire.conf")
        second = issue(made.settings.site.domain)
        present = {path: (made.directory / path).read_bytes() for path in OWN}
        files = missing_certificates(made.settings, present, datetime.now(UTC), second)
        assert set(files) >= set(OWN)
        apply(made.directory, files, made.owner)
        assert own.serves(second.certificate), running.text()


def glued(pair: Pair, *others: bytes) -> Pair:
    """A pair that only some programs can read: no line ends in the chain, notes above the key."""
    chain = b"".join(pem.strip() for pem in (pair.certificate, *others))
    return Pair(chain, b"One's own notes\n" + pair.key.replace(b"\n", b"\r\n"))


def test_a_chain_without_line_ends_between_is_served(tmp_path: Path, netns: str) -> None:
    own = door(tmp_path, netns, PACE, stack="own-certificate")
    names, now = own.project.settings.every_name, datetime.now(UTC)
    root = local_root(names, now)
    leaf = local_leaf(root, names, now)
    files = missing_certificates(own.project.settings, {}, now, glued(leaf, root.certificate))
    apply(own.project.directory, files, own.project.owner)
    with own.open() as running:
        assert own.serves(leaf.certificate), running.text()
