"""What nginx makes of the certificate of a site behind it."""

from pathlib import Path

from nvrstack.rendering.render import render
from tests.bed.process import run
from tests.contract.container import container
from tests.contract.door import Door
from tests.contract.rendered import Project, hurry, project, write

ADDRESS = "127.0.0.1"
PORT = 5001
SITE = {"domain": "nas.example.com", "upstream": f"https://{ADDRESS}:{PORT}", "verify_tls": False}
UPSTREAM = f"""
server {{
    listen {PORT} ssl;
    ssl_certificate /etc/nvrstack/nginx/custom.d/nas.pem;
    ssl_certificate_key /etc/nvrstack/nginx/custom.d/nas.key;
    return 200 "the site itself";
}}
"""


def served(directory: Path, netns: str, *, verify: bool) -> tuple[str, str]:
    """What a visitor gets of a site given by its address, and what nginx logs.

    Its certificate is trusted and valid for exactly that address.
    """
    made = project(directory / "project", "router-ddns", {"sites": [SITE]})
    (site,) = made.settings.sites
    # The settings refuse this, so it is set behind their back.
    forced = made.settings.model_copy(
        update={"sites": (site.model_copy(update={"verify_tls": verify}),)}
    )
    made = write(Project(forced, made.stack, render(forced, made.stack), made.directory))
    hurry(made.directory / "nginx/start.sh", "=", {"seconds_between_looks": "0.4"})
    own = made.directory / "nginx/custom.d"
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x"]
    names = ["-addext", f"subjectAltName=IP:{ADDRESS}"]
    files = ["-keyout", str(own / "nas.key"), "-out", str(own / "nas.pem")]
    run(["openssl", "req", "-x509", *new, *names, *files])
    (own / "nas.key").chmod(0o644)
    (own / "nas.conf").write_text(UPSTREAM)
    nginx = container(made, "nginx", netns, directory / "tmp")
    trusting = nginx.with_mount("/etc/ssl/certs/ca-certificates.crt", own / "nas.pem")
    door = Door(made, trusting, directory / "log")
    with door.open() as running:
        return door.get(f"https://{site.domain}/"), running.text()


def test_an_address_in_a_certificate_is_not_looked_at(tmp_path: Path, netns: str) -> None:
    """The reason why such settings are refused; should this fail, that rule can go."""
    answer, log = served(tmp_path, netns, verify=True)
    assert "502 Bad Gateway" in answer
    assert f'upstream SSL certificate does not match "{ADDRESS}"' in log


def test_a_site_with_an_address_is_reached_without_verification(tmp_path: Path, netns: str) -> None:
    answer, _ = served(tmp_path, netns, verify=False)
    assert answer.endswith("the site itself")
