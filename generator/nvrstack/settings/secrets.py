"""The secrets that settings call for. Each is a file in `secrets/`, never a setting."""

from dataclasses import dataclass

from nvrstack.settings.model import Settings

USERS = "htpasswd_"
"""How the names of secrets begin that list the users of a further site."""


@dataclass(frozen=True)
class Secret:
    """One secret: its name, what a person is asked for, and whether it has several lines."""

    name: str
    label: str
    several_lines: bool = False


DDNS_PASSWORD = Secret("ddns_password", "Password or token of the dynamic DNS provider")
ROUTER_PASSWORD = Secret("router_password", "Password for the router's page")
DNS_CREDENTIALS = Secret("dns_credentials", "Credentials of the DNS provider", several_lines=True)
EAB_HMAC_KEY = Secret("eab_hmac_key", "HMAC key of the account at the certificate authority")
FIRST_USER = Secret("first_user_password", "Password of the first account")
"""Never kept: the account is made with it, and that is that."""
NAMED = {
    secret.name: secret
    for secret in (DDNS_PASSWORD, ROUTER_PASSWORD, DNS_CREDENTIALS, EAB_HMAC_KEY)
}


def known_secret(name: str) -> Secret | None:
    """The secret of that name, or None where no settings call for one."""
    if name.startswith(USERS):
        return Secret(name, f"Users of {name.removeprefix(USERS)}", several_lines=True)
    return NAMED.get(name)


def required_secrets(settings: Settings) -> tuple[Secret, ...]:
    """The secrets that rendering these settings needs."""
    certificate, ddns = settings.certificate, settings.ddns
    by_ddclient = ddns.updater == "ddclient"
    wanted = {
        DDNS_PASSWORD: by_ddclient,
        ROUTER_PASSWORD: by_ddclient and ddns.router_login is not None,
        DNS_CREDENTIALS: certificate.is_acme and certificate.challenge == "dns-01",
        EAB_HMAC_KEY: certificate.eab_key_id is not None,
    }
    users = [known_secret(site.secret) for site in settings.sites if site.basic_auth]
    return (
        *(secret for secret, needed in wanted.items() if needed),
        *(secret for secret in users if secret is not None),
    )
