"""What the host's firewall will make of the published ports.

Docker forwards published ports before the rules of ufw and firewalld are asked:
https://docs.docker.com/engine/network/packet-filtering-firewalls/
"""

import re
from collections.abc import Mapping

from nvrstack.migration.around import rules
from nvrstack.migration.findings import Finding

UFW = "/etc/ufw/ufw.conf"
FIREWALLD = "/etc/systemd/system/multi-user.target.wants/firewalld.service"
NFTABLES = "/etc/nftables.conf"
FILES = (UFW, FIREWALLD, NFTABLES)
"""The files that tell, below the root of the host."""


def firewall_findings(files: Mapping[str, str]) -> tuple[Finding, ...]:
    """What to know about the firewall; `files` has those of `FILES` that exist."""
    found = []
    if re.search(r"^\s*ENABLED\s*=\s*[\"']?yes", files.get(UFW, ""), re.MULTILINE):
        found.append(_not_asked("ufw"))
    if FIREWALLD in files:
        found.append(_not_asked("firewalld"))
    if re.search(r"^[^#\n]*\bhook\s+forward\b.*\bpolicy\s+drop\b", files.get(NFTABLES, ""), re.M):
        found.append(rules.FIREWALL_FORWARD(file=NFTABLES))
    return tuple(found)


def _not_asked(name: str) -> Finding:
    return rules.FIREWALL_BYPASSED(name=name)
