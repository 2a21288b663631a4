"""What the host does by itself, at boot and by the clock, and the project does from now on."""

from dataclasses import dataclass

CERTBOT_TIMERS = ("certbot.timer", "certbot-renew.timer", "snap.certbot.renew.timer")
"""Of Debian, of Fedora, and of the snap that certbot's own instructions install."""
CERTBOT_CRONS = ("/etc/cron.d/certbot", "/etc/cron.daily/certbot")
"""Debian's, which does nothing where systemd runs, and the usual place of one's own."""
DDCLIENT_SERVICES = ("ddclient.service", "ddclient.timer")
NGINX_SERVICE = "nginx.service"


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
