"""Certificates that something else than the usual certbot renews: what becomes of them."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nvrstack.migration.around.renewers import acme_sh
from nvrstack.migration.around.schedules import cron_findings
from nvrstack.pki.certificates import local_leaf, local_root
from tests.unit import host_trees
from tests.unit.commands import nvrstack

NAME = "nvr.example.com"
ACME_SH = """\
Le_Domain='{name}'
Le_Alt='no'
Le_Webroot='{way}'
Le_RealFullChainPath='{place}'
"""
RENEWAL = "[renewalparams]\nauthenticator = {way}\n"
SSL = f"/etc/nginx/ssl/{NAME}.pem"
ELSEWHERE = "/opt/certbot/config"
LIVE = f"{ELSEWHERE}/live/{NAME}/fullchain.pem"


def certificate(days: int) -> bytes:
    now = datetime.now(UTC)
    return local_leaf(local_root([NAME], now), [NAME], now, timedelta(days=days)).certificate


def house(tmp_path: Path, place: str, files: dict[str, str], days: int = 90) -> Path:
    """A house whose nginx has its certificate at `place`, with further files."""
    root = tmp_path / "root"
    root.mkdir()
    host_trees.systemd(host_trees.host(root))
    certbots = f"/etc/letsencrypt/live/{NAME}/fullchain.pem"
    host_trees.put(root, "/etc/nginx/nginx.conf", host_trees.NGINX.replace(certbots, place))
    pem = certificate(days)
    host_trees.put(root, place, pem)
    for path, text in files.items():
        host_trees.put(root, path, pem if text == "PEM" else text)
    for unit in ("nginx.service", "certbot.timer"):
        wants = root / "etc/systemd/system/multi-user.target.wants"
        (wants / unit).symlink_to(f"/lib/systemd/system/{unit}")
    return root


def planned(root: Path, *arguments: str) -> dict[str, Any]:
    done = nvrstack(
        "migrate", "plan", root.parent / "p", "--root", root, "--no-docker", "--json", *arguments
    )
    assert done.code in {0, 1}, done
    return done.json()


def told(found: dict[str, Any], *codes: str) -> list[str]:
    return [
        each["message"] for each in found["warnings"] + found["blockers"] if each["code"] in codes
    ]


OURS = ("certificate-renewed", "certificate-ends", "certificate-short", "renewals-left")
CRON = {"/etc/cron.d/certbot": f"0 1 * * * root certbot -q renew --config-dir {ELSEWHERE}\n"}


def acme_file(way: str, place: str = SSL, home: str = "/root", name: str = NAME) -> dict[str, str]:
    text = ACME_SH.format(name=name, way=way, place=place)
    return {f"{home}/.acme.sh/{name}_ecc/{name}.conf": text}


def certbots(way: str) -> dict[str, str]:
    renewal = {f"{ELSEWHERE}/renewal/{NAME}.conf": RENEWAL.format(way=way)}
    return {**CRON, **renewal, f"{ELSEWHERE}/live/{NAME}/cert.pem": "PEM"}


@pytest.mark.parametrize(
    ("place", "files", "program"),
    [
        (SSL, acme_file("/var/www/html"), "acme.sh"),
        (SSL, acme_file("no", "/elsewhere"), "acme.sh"),
        (SSL, acme_file("nginx:", home="/home/pi"), "acme.sh"),
        (LIVE, certbots("nginx"), f"certbot --config-dir {ELSEWHERE}"),
        (SSL, certbots("webroot"), f"certbot --config-dir {ELSEWHERE}"),
    ],
)
def test_a_certificate_that_needs_the_web_server_which_stops_is_replaced(
    tmp_path: Path, place: str, files: dict[str, str], program: str
) -> None:
    root = house(tmp_path, place, files)
    found = planned(root)
    assert tomllib.loads(found["settings"])["stack"] == "router-ddns"
    (said,) = told(found, *OURS)
    assert f"{place} is renewed by {program} (" in said
    assert "would expire" in said
    assert "renewals" not in [step["id"] for step in found["steps"]]
    kept = planned(root, "--stack", "own-certificate")
    assert [each["code"] for each in kept["blockers"]] == ["certificate-ends"]
    assert tomllib.loads(planned(root, "--stack", "lan")["settings"])["stack"] == "lan"


@pytest.mark.parametrize(
    ("place", "files", "days", "said"),
    [
        (SSL, acme_file("dns_cf"), 90, []),
        (LIVE, certbots("dns-cloudflare"), 90, []),
        (SSL, {}, 365, []),
        (SSL, {}, 90, ["is valid for 90 days, so that something renews it"]),
        (LIVE, certbots("manual"), 90, ["is valid for 90 days, so that something renews it"]),
        (SSL, {**acme_file("dns_cf"), **acme_file("/srv", "/x", name="mail.example.com")}, 90,
         ["acme.sh goes on renewing mail.example.com over http"]),
    ],
)  # fmt: skip
def test_a_certificate_that_somebody_else_goes_on_renewing_stays(
    tmp_path: Path, place: str, files: dict[str, str], days: int, said: list[str]
) -> None:
    found = planned(house(tmp_path, place, files, days))
    assert tomllib.loads(found["settings"])["stack"] == "own-certificate"
    messages = told(found, *OURS)
    assert len(messages) == len(said)
    assert all(part in message for part, message in zip(said, messages, strict=True))
    assert "renewals" not in [step["id"] for step in found["steps"]]


def test_what_acme_sh_says_is_read_and_nonsense_is_unknown() -> None:
    text = "Le_Domain=a.example\nLe_Alt='b.example,c.example'\nLe_Webroot='dns_cf,/srv'\n"
    found = acme_sh("/x", text)
    assert (found.names, found.over_http) == (("a.example", "b.example", "c.example"), True)
    empty = acme_sh("/x", "what\nLe_Webroot=''\n")
    assert (empty.names, empty.over_http, empty.certificate) == ((), None, None)


def test_a_cron_file_for_another_directory_of_certbots_is_nobodys_to_take_out() -> None:
    usual = "0 1 * * * root certbot renew\n"
    assert cron_findings({"/etc/crontab": CRON["/etc/cron.d/certbot"]}) == ()
    assert len(cron_findings({"/etc/crontab": CRON["/etc/cron.d/certbot"] + usual})) == 1
