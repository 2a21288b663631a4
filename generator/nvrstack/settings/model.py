"""The settings: what `nvrstack.toml` may say, as frozen values.

Field names are the keys of the file. A default here is what holds when neither the file nor the
stack says anything; a field without default must come from one of them.
"""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from nvrstack.services import images
from nvrstack.settings.names import problem, text
from nvrstack.settings.values import (
    MOONFIRE_TAG,
    AbsolutePath,
    Address,
    Domain,
    DomainOrWildcard,
    Duration,
    Email,
    HostPath,
    Memory,
    NumericId,
    Port,
    Rate,
    Reference,
    Repository,
    Subnet,
    Text,
    TimeZone,
    Workers,
)
from nvrstack.settings.web import (
    ADDRESS_SERVICES,
    Authority,
    EabKeyId,
    Server,
    Upstream,
    WebAddress,
)

SCHEMA = 1
"""The version of the settings file that this release writes and reads."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=False)


def _schema(value: object) -> int:
    if isinstance(value, int) and value > SCHEMA:
        raise problem(
            "is {v}, but this nvrstack reads up to {s}; install the nvrstack that wrote it, "
            "or a newer one",
            v=value,
            s=SCHEMA,
        )
    if type(value) is not int or value != SCHEMA:
        raise problem("is {v!r}; expected {s}", v=value, s=SCHEMA)
    return SCHEMA


def _project_name(value: object) -> str:
    given = text(value)
    if not given or not given[0].isalnum() or not all(c in _NAME_CHARACTERS for c in given):
        raise problem(
            "{v!r} is no Compose project name; use lower-case letters, digits, - and _, "
            "and begin with a letter or digit",
            v=given,
        )
    return given


def _short_name(value: object) -> str:
    name = text(value).lower()
    usable = set(name) <= _NAME_CHARACTERS - {"_"} and name == name.strip("-")
    if not name or len(name) > 63 or not usable:
        raise problem("{v!r} is no short host name; write one such as nvr, without a dot", v=name)
    return name


def _moonfire_version(value: object) -> str:
    given = text(value)
    match = MOONFIRE_TAG.fullmatch(given)
    if not match:
        raise problem(
            "{v!r} is no Moonfire version; write one such as {p}",
            v=given,
            p=images.MOONFIRE_VERSION,
        )
    number = (int(match[1]), int(match[2]), int(match[3]))
    if number < OLDEST_MOONFIRE or number in NEVER_PUBLISHED:
        raise problem(
            "{v!r} was never published as an image of {i}; write {p}",
            v=given,
            i=images.MOONFIRE_IMAGE,
            p=images.MOONFIRE_VERSION,
        )
    return given


def _body_size(value: object) -> str:
    given = text(value)
    if not re.fullmatch(r"0|[1-9][0-9]{0,5}[kmg]", given):
        raise problem(
            '{v!r} is no size; write a number and k, m or g, such as "50m", or "0" for no limit',
            v=given,
        )
    return given


def _interface(value: object) -> str:
    given = text(value)
    if not re.fullmatch(r"[^\s/]{1,15}", given) or given in {".", ".."}:
        raise problem(
            "{v!r} is no network interface; write a name such as ppp0, as `ip link` shows it",
            v=given,
        )
    return given


OLDEST_MOONFIRE = (0, 7, 10)
"""The first version in upstream's present registry; older ones spell their settings otherwise."""
NEVER_PUBLISHED = {(0, 7, 18), (0, 7, 22), (0, 7, 24)}
"""Tags whose release workflow failed, so that no joint image exists."""
_NAME_CHARACTERS = set("abcdefghijklmnopqrstuvwxyz0123456789-_")

BodySize = Annotated[str, BeforeValidator(_body_size)]
Interface = Annotated[str, BeforeValidator(_interface)]
Family = Literal["ipv4", "ipv6"]


class Project(_Section):
    """The Compose project and the numeric ids that nginx, certbot and ddclient run as."""

    name: Annotated[str, BeforeValidator(_project_name)] = "nvrstack"
    uid: NumericId
    gid: NumericId


class Site(_Section):
    """The names and ports under which the web interface is reached."""

    domain: Domain
    aliases: tuple[DomainOrWildcard, ...] = Field(default=(), strict=False)
    redirects: tuple[Domain, ...] = Field(default=(), strict=False)
    short_names: tuple[Annotated[str, BeforeValidator(_short_name)], ...] = Field(
        default=("nvr",), strict=False
    )
    http_port: Port = 80
    https_port: Port = 443
    public_https_port: Port | None = None
    bind: tuple[Address, ...] = Field(default=(), strict=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of the page itself, the main one first."""
        return (self.domain, *self.aliases)


class FurtherSite(_Section):
    """Another web interface behind the same address, such as a network storage's."""

    domain: Domain
    upstream: Upstream
    verify_tls: bool = True
    websocket: bool = True
    body_size: BodySize = "1m"
    basic_auth: bool = False
    host: Literal["visitor", "upstream"] | None = None

    @property
    def is_told_own_name(self) -> bool:
        """Whether the site hears the name in `upstream`, in TLS and as host, not the visitor's.

        One name in both, for servers may refuse a request that has two (RFC 9110 section 7.4).
        """
        if self.host is None:
            return self.verify_tls and self.upstream.startswith("https://")
        return self.host == "upstream"

    @property
    def secret(self) -> str:
        """The name of the secret that holds its users, in the form of htpasswd(1)."""
        return f"htpasswd_{self.domain}"


class Certificate(_Section):
    """Who signs the certificate, and how it is asked for."""

    authority: Authority = "letsencrypt"
    staging: bool = False
    email: Email | None = None
    challenge: Literal["http-01", "dns-01"] = "http-01"
    dns_provider: Text | None = None
    dns_propagation: Duration | None = None
    key_type: Literal["ecdsa", "rsa"] = "ecdsa"
    profile: Literal["classic", "tlsserver", "shortlived"] | None = None
    eab_key_id: EabKeyId | None = None
    authority_root: HostPath | None = None
    chain_file: HostPath | None = None
    key_file: HostPath | None = None

    @property
    def is_local(self) -> bool:
        """Whether nvrstack's own authority signs."""
        return self.authority == "local"

    @property
    def is_own(self) -> bool:
        """Whether the owner brings the certificate."""
        return self.authority == "files"

    @property
    def is_acme(self) -> bool:
        """Whether certbot gets the certificate (RFC 8555)."""
        return not self.is_local and not self.is_own

    @property
    def through_port_80(self) -> bool:
        """Whether the authority fetches an answer from port 80 of each name."""
        return self.is_acme and self.challenge == "http-01"


class Ddns(_Section):
    """Who tells the name servers this home's address, and where."""

    updater: Literal["ddclient", "router", "none"] = "router"
    provider: Text | None = None
    login: Text | None = None
    zone: Domain | None = None
    server: Server | None = None
    ttl: Duration | None = None
    hosts: tuple[Domain, ...] = Field(default=(), strict=False)
    families: tuple[Family, ...] = Field(default=("ipv4",), strict=False)
    address_services: tuple[WebAddress, ...] = Field(default=ADDRESS_SERVICES, strict=False)
    router_page: WebAddress | None = None
    router_text: Text | None = None
    router_login: Text | None = None
    interface: Interface | None = None
    interval: Duration = timedelta(minutes=5)

    @property
    def on_host_network(self) -> bool:
        """Whether ddclient must see this machine's own interfaces: bridges here have IPv4 only."""
        return self.interface is not None or "ipv6" in self.families

    @field_validator("ttl")
    @classmethod
    def _not_for_ever(cls, value: timedelta | None) -> timedelta | None:
        # ddclient 3.x makes anything shorter five minutes.
        if value is not None and not timedelta(minutes=5) <= value <= timedelta(days=1):
            raise problem("is no lifetime for an address that changes; write 5m to 1d")
        return value

    @field_validator("interval")
    @classmethod
    def _not_hammering(cls, value: timedelta) -> timedelta:
        if value < timedelta(minutes=1):
            raise problem("is shorter than a minute; name services block clients that ask so often")
        return value


class Moonfire(_Section):
    """The recorder: its image, whom it runs as, and where it keeps things."""

    image: Repository = images.MOONFIRE_IMAGE
    version: Annotated[str, BeforeValidator(_moonfire_version)] = images.MOONFIRE_VERSION
    uid: NumericId
    gid: NumericId
    timezone: TimeZone
    state_dir: HostPath
    sample_dirs: tuple[AbsolutePath, ...] = Field(default=(), strict=False)
    memory_limit: Memory = "1g"


class Network(_Section):
    """Addresses: the private network between nginx and Moonfire, and this machine's own."""

    backend_subnet: Subnet
    lan_address: Address | None = None


class Access(_Section):
    """What the proxy allows."""

    hsts: Duration = timedelta(days=30)
    login_rate: Rate = 10
    login_rate_of_all: Rate = 30


class Proxy(_Section):
    """How much of this machine nginx may take."""

    workers: Workers = 2


class Images(_Section):
    """The images of the other services, each with its version."""

    nginx: Reference = images.NGINX
    certbot: Reference = images.CERTBOT
    ddclient: Reference = images.DDCLIENT


class Settings(_Section):
    """Everything that a project is rendered from, secrets apart."""

    schema_: Annotated[int, BeforeValidator(_schema)] = Field(alias="schema")
    stack: Text
    project: Project
    site: Site
    certificate: Certificate = Certificate()
    ddns: Ddns = Ddns()
    moonfire: Moonfire
    network: Network
    access: Access = Access()
    proxy: Proxy = Proxy()
    images: Images = Images()
    sites: tuple[FurtherSite, ...] = Field(default=(), strict=False)

    @property
    def every_name(self) -> tuple[str, ...]:
        """Every name that has to lead to this machine."""
        further = (site.domain for site in self.sites)
        return (*self.site.names, *self.site.redirects, *further)

    @property
    def host_names(self) -> tuple[str, ...]:
        """`every_name` without wildcards: names that can have an address."""
        return tuple(name for name in self.every_name if not name.startswith("*."))
