"""What nginx makes of the certificate of a site behind it, and the names that it tells it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nvrstack.rendering.render import render
from tests.bed.process import run
from tests.contract.container import container
from tests.contract.door import Door
from tests.contract.rendered import Project, hurry, project, write

ADDRESS = "127.0.0.1"
PORT = 5001
DOMAIN = "nas.example.com"
SITE = {"domain": DOMAIN, "upstream": f"https://{ADDRESS}:{PORT}", "verify_tls": False}
UPSTREAM = f"""
# As strict as Apache from 2.4.64 on.
map "$ssl_server_name $host" $misdirected {{
    default 1;
    "~^(?<both>\\S+) (?P=both)$" 0;
    " {ADDRESS}" 0;
}}
server {{
    listen {PORT} ssl;
    ssl_certificate /etc/nvrstack/nginx/custom.d/nas.pem;
    ssl_certificate_key /etc/nvrstack/nginx/custom.d/nas.key;
    if ($misdirected) {{
        return 421;
    }}
    return 200 "the site itself, as $http_host in $ssl_server_name";
}}
"""


def served(
    directory: Path, netns: str, change: Mapping[str, Any], alternative: str
) -> tuple[str, str]:
    """What a visitor gets of a site given by its address, and what nginx logs.

    Its certificate is trusted and valid for `alternative` alone.
    """
    made = project(directory / "project", "router-ddns", {"sites": [SITE]})
    (site,) = made.settings.sites
    # The settings refuse some of it, so it is set behind their back.
    forced = made.settings.model_copy(update={"sites": (site.model_copy(update=change),)})
    made = write(Project(forced, made.stack, render(forced, made.stack), made.directory))
    hurry(made.directory / "nginx/start.sh", "=", {"seconds_between_looks": "0.4"})
    own = made.directory / "nginx/custom.d"
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x"]
    names = ["-addext", f"subjectAltName={alternative}"]
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
    change = {"verify_tls": True, "host": "upstream"}
    answer, log = served(tmp_path, netns, change, f"IP:{ADDRESS}")
    assert "502 Bad Gateway" in answer
    assert f'upstream SSL certificate does not match "{ADDRESS}"' in log


@pytest.mark.parametrize(
    ("change", "alternative", "names"),
    [
        ({}, f"IP:{ADDRESS}", f"{DOMAIN} in {DOMAIN}"),
        ({"host": "upstream"}, f"IP:{ADDRESS}", f"{ADDRESS}:{PORT} in "),
        ({"host": "visitor", "verify_tls": True}, f"DNS:{DOMAIN}", f"{DOMAIN} in {DOMAIN}"),
    ],
    ids=["usual", "its own", "the visitor's, verified"],
)
def test_a_site_with_an_address_hears_one_name(
    change: Mapping[str, Any], alternative: str, names: str, tmp_path: Path, netns: str
) -> None:
    answer, log = served(tmp_path, netns, change, alternative)
    assert answer.endswith(f"the site itself, as {names}"), log


def test_a_certificate_for_another_name_than_the_visitors_is_refused(
    tmp_path: Path, netns: str
) -> None:
    change = {"host": "visitor", "verify_tls": True}
    answer, log = served(tmp_path, netns, change, "DNS:other.example.com")
    assert "502 Bad Gateway" in answer
    assert f'upstream SSL certificate does not match "{DOMAIN}"' in log
