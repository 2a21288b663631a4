"""What the host does by itself, at boot and by the clock, and the project does from now on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nvrstack.migration.around import rules
from nvrstack.migration.findings import Finding

CERTBOT_TIMERS = ("certbot.timer", "certbot-renew.timer", "snap.certbot.renew.timer")
"""Of Debian, of Fedora, and of the snap that certbot's own instructions install."""
CERTBOT_CRONS = ("/etc/cron.d/certbot", "/etc/cron.daily/certbot")
"""Debian's, which does nothing where systemd runs, and the usual place of one's own."""
CRONTABS = ("/etc/crontab", "/var/spool/cron/crontabs/root", "/var/spool/cron/root")
"""Where one's own lines are: crontab(5), of Debian and of Fedora."""
CRON_DIRECTORIES = ("/etc/cron.d", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly")
DDCLIENT_SERVICES = ("ddclient.service", "ddclient.timer")
NGINX_SERVICE = "nginx.service"


def cron_findings(files: Mapping[str, str]) -> tuple[Finding, ...]:
    """Warnings about those of the cron files, given with their texts, that run certbot."""
    return tuple(
        rules.CERTBOT_CRON(file=file) for file, text in files.items() if runs_usual_certbot(text)
    )


def runs_usual_certbot(text: str) -> bool:
    """Whether a cron file runs certbot, and without a directory of one's own."""
    return bool(re.search(r"^(?!.*--config-dir)[^#\n]*\bcertbot\b", text, re.MULTILINE))


@dataclass(frozen=True)
class Schedules:
    """The units of these that are enabled, and certbot's cron files that exist."""

    units: frozenset[str] = frozenset()
    crons: tuple[str, ...] = ()

    @property
    def certbot_timers(self) -> tuple[str, ...]:
        """The enabled timers of certbot."""
        return tuple(unit for unit in CERTBOT_TIMERS if unit in self.units)

    @property
    def ddclient_units(self) -> tuple[str, ...]:
        """The enabled units of ddclient."""
        return tuple(unit for unit in DDCLIENT_SERVICES if unit in self.units)

    @property
    def runs_nginx(self) -> bool:
        """Whether nginx starts at boot."""
        return NGINX_SERVICE in self.units
