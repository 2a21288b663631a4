#!/usr/bin/env python3
"""Stand-in for the dynamic DNS providers' own interfaces, each as ddclient speaks to it.

Standard library only. It answers one update of nvr.example.com by https and knows each interface
by the path of the request. Who does not show the right credentials is refused in the words of that
provider. The log has one JSON line per request: its host and path, whether the credentials were
right, and the address that it was told, with the whole name of the record where the provider makes
that of a label and its zone.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.server
import json
import re
import ssl
import sys
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = "nvr.example.com"
ZONE = "example.com"
BEFORE = "192.0.2.1"


@dataclass(frozen=True)
class Request:
    """What was sent, and what the credentials should be."""

    method: str
    path: str
    query: dict[str, str]
    authorization: str
    body: str
    login: str
    password: str

    @property
    def basic(self) -> bool:
        """Whether the Basic authentication is right (RFC 7617)."""
        scheme, _, encoded = self.authorization.partition(" ")
        expected = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
        return (scheme, encoded) == ("Basic", expected)

    @property
    def bearer(self) -> bool:
        """Whether the token is right (RFC 6750)."""
        return self.authorization == f"Bearer {self.password}"

    @property
    def json(self) -> Any:
        """The body, which is JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What is sent back; `told` is the address, if the request sets one, and `name` its record."""

    text: str
    code: int = 200
    right: bool = True
    told: str | None = None
    name: str = HOST


def below_zone(label: str) -> str:
    """The record that a label stands for, whatever it is (RFC 1035 section 5.1: `@`)."""
    return ZONE if label in {"", "@"} else f"{label}.{ZONE}"


def dyndns2(request: Request) -> Answer:
    """The dyndns2 protocol, in which Dyn, deSEC, Dynu, No-IP and OVH are addressed."""
    if not request.basic:
        return Answer("badauth\n", 401, right=False)
    address = request.query["myip"]
    right_host = request.query["hostname"] == HOST
    return Answer(f"good {address}\n" if right_host else "nohost\n", told=address)


def duckdns(request: Request) -> Answer:
    """https://www.duckdns.org/spec.jsp."""
    if (request.query["token"], request.query["domains"]) != (request.password, "nvr"):
        return Answer("KO", right=False)
    return Answer("OK", told=request.query["ip"])


def namecheap(request: Request) -> Answer:
    """https://www.namecheap.com/support/knowledgebase/article.aspx/29/11/."""
    if (request.query["password"], request.query["domain"]) != (request.password, ZONE):
        words = "<ErrCount>1</ErrCount><errors><Err1>Passwords do not match</Err1></errors>"
        return Answer(f"<interface-response>{words}</interface-response>", right=False)
    words = "<interface-response>\n<ErrCount>0</ErrCount>\n</interface-response>"
    return Answer(words, told=request.query["ip"], name=below_zone(request.query["host"]))


def update(request: Request) -> Answer:
    """Two providers have the same path."""
    return namecheap(request) if "host" in request.query else duckdns(request)


def freedns(request: Request) -> Answer:
    """https://freedns.afraid.org/api/: first the records, then the address of one of them."""
    if request.path == "/dynamic/update.php":
        address = request.query["address"]
        return Answer(f"Updated {HOST} to {address} from {BEFORE} in 0.1 seconds", told=address)
    known = hashlib.sha1(f"{request.login}|{request.password}".encode()).hexdigest()
    if request.query["sha"] != known:
        return Answer("ERROR: Could not authenticate.", right=False)
    return Answer(f"{HOST}|{BEFORE}|https://freedns.afraid.org/dynamic/update.php?key=1\n")


def godaddy(request: Request) -> Answer:
    """https://developer.godaddy.com/doc/endpoint/domains."""
    if request.authorization != f"sso-key {request.login}:{request.password}":
        words = {"code": "UNABLE_TO_AUTHENTICATE", "message": "Unauthorized : Could not do it"}
        return Answer(json.dumps(words), 401, right=False)
    name = below_zone(request.path.rpartition("/")[2])
    return Answer("{}", told=request.json[0]["data"], name=name)


def gandi(request: Request) -> Answer:
    """https://api.gandi.net/docs/livedns/."""
    if not request.bearer:
        return Answer('{"message": "The server could not verify that you may do it"}', 401, False)
    if request.method == "GET":
        return Answer(json.dumps({"rrset_values": [BEFORE], "rrset_ttl": 300}))
    told, name = request.json["rrset_values"][0], below_zone(request.path.split("/")[-2])
    return Answer('{"message": "DNS Record Created"}', 201, told=told, name=name)


def digitalocean(request: Request) -> Answer:
    """https://docs.digitalocean.com/reference/api/."""
    if not request.bearer:
        return Answer('{"id": "Unauthorized", "message": "Unable to authenticate"}', 401, False)
    if request.method == "GET":
        return Answer(json.dumps({"domain_records": [{"id": 7, "data": BEFORE}]}))
    return Answer("{}", told=request.json["data"])


def cloudflare(request: Request) -> Answer:
    """https://developers.cloudflare.com/api/."""
    if not request.bearer:
        errors = [{"code": 9109, "message": "Invalid access token"}]
        return Answer(json.dumps({"success": False, "errors": errors}), 403, right=False)
    if request.path.endswith("/zones/"):
        return Answer(json.dumps({"result": [{"name": ZONE, "id": "z1"}]}))
    if request.method == "GET":
        return Answer(json.dumps({"result": [{"name": HOST, "id": "r1"}]}))
    return Answer(json.dumps({"result": {"id": "r1"}}), told=request.json["content"])


def porkbun(request: Request) -> Answer:
    """https://porkbun.com/api/json/v3/documentation."""
    keys = (request.json["apikey"], request.json["secretapikey"])
    if keys != (request.login, request.password):
        words = {"status": "ERROR", "code": "INVALID_API_KEYS_001", "message": "Invalid API key."}
        return Answer(json.dumps(words), 400, right=False)
    if "/retrieveByNameType/" in request.path:
        record = {"id": "7", "content": BEFORE, "ttl": "600", "notes": ""}
        return Answer(json.dumps({"status": "SUCCESS", "records": [record]}))
    name = below_zone(request.path.partition("/A/")[2])
    return Answer('{"status": "SUCCESS"}', told=request.json["content"], name=name)


def hetzner(request: Request) -> Answer:
    """https://docs.hetzner.cloud/reference/cloud: an update is an action that is asked after."""
    if not request.bearer:
        return Answer('{"error": {"code": "unauthorized", "message": "no token"}}', 401, False)
    if "/actions/7" in request.path:
        return Answer('{"action": {"id": 7, "status": "success"}}')
    if request.method == "GET":
        return Answer('{"rrset": {"id": "nvr/A"}}')
    told = request.json["records"][0]["value"]
    return Answer('{"action": {"id": 7, "status": "running"}}', 201, told=told)


def easydns(request: Request) -> Answer:
    """https://kb.easydns.com/knowledge/dynamic-dns/, in HTML: ddclient/ddclient issue 848."""
    page = '<HTML><BODY><FONT FACE="sans-serif" SIZE="-1">{}<br />\n<hr>\n{}<br />\n</FONT></BODY>'
    if not request.basic:
        return Answer(page.format("NO_AUTH", "no access"), right=False)
    return Answer(page.format("OK", f"{HOST} is updated"), told=request.query["myip"])


def zoneedit(request: Request) -> Answer:
    """https://support.zoneedit.com/en/knowledgebase/article/dynamic-dns."""
    if not request.basic:
        words = f'<ERROR CODE="708" TEXT="Failed Login: {request.login}" ZONE="{ZONE}" HOST="nvr">'
        return Answer(words + "\n", right=False)
    address = request.query["dnsto"]
    words = f'<SUCCESS CODE="200" TEXT="Update succeeded." ZONE="{ZONE}" HOST="nvr" IP="{address}">'
    return Answer(words + "\n", told=address)


INTERFACES: dict[str, Callable[[Request], Answer]] = {
    "/api/": freedns,
    "/api/json/v3/dns/": porkbun,
    "/auth/dynamic.html": zoneedit,
    "/client/v4/zones/": cloudflare,
    "/dyn/generic.php": easydns,
    "/dynamic/update.php": freedns,
    "/nic/update": dyndns2,
    "/update": update,
    f"/v1/domains/{ZONE}/records/A/": godaddy,
    f"/v1/zones/{ZONE}/rrsets": hetzner,
    "/v1/actions/7": hetzner,
    f"/v2/domains/{ZONE}/records": digitalocean,
    f"/v5/livedns/domains/{ZONE}/records/": gandi,
}
"""The beginning of each interface's paths; the longest that fits is meant."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    login: str
    password: str
    log: Path

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing here: each request is in the log file."""

    def answer(self) -> None:
        """Find the interface, let it answer, note what it was told."""
        parts = urllib.parse.urlsplit(self.path)
        # As ddclient sends it: some of its protocols do not encode what they put into a query.
        query = dict(re.findall(r"([^&=]+)=([^&]*)", parts.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        request = Request(
            self.command,
            parts.path,
            query,
            self.headers.get("Authorization", ""),
            body,
            self.login,
            self.password,
        )
        fitting = [path for path in INTERFACES if parts.path.startswith(path)]
        found = INTERFACES[max(fitting, key=len)](request)
        entry = {"host": self.headers["Host"], "path": parts.path, "right": found.right}
        with self.log.open("a") as file:
            file.write(json.dumps({**entry, "told": found.told, "name": found.name}) + "\n")
        text = found.text.encode()
        self.send_response(found.code)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815 - the names that http.server calls


def main() -> None:
    """Parse the command line and serve until the process is killed."""
    parser = argparse.ArgumentParser(description="Stand-in for dynamic DNS providers")
    parser.add_argument("--certificate", required=True, help="chain and key in PEM")
    parser.add_argument("--credentials", type=Path, required=True, help="login and password, JSON")
    parser.add_argument("--log", type=Path, required=True)
    arguments = parser.parse_args()
    Handler.login, Handler.password = json.loads(arguments.credentials.read_text())
    Handler.log = arguments.log
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 443), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(arguments.certificate)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    sys.stderr.write("listening\n")
    sys.stderr.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
