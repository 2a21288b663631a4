"""What the router is told to forward, number by number."""

from nvrstack.rendering.changes import Change, Kind, kept
from nvrstack.rendering.forwardings import wanted_forwardings
from nvrstack.tree import File
from tests.unit.samples import settings_for


def test_the_routers_port_leads_to_the_hosts_port() -> None:
    settings = settings_for("router-ddns", {"site": {"http_port": 8081, "https_port": 8444}})
    found = [(f.port, f.address, f.target) for f in wanted_forwardings(settings, "192.168.1.7")]
    assert found == [(80, "192.168.1.7", 8081), (443, "192.168.1.7", 8444)]


def test_nothing_is_forwarded_at_home() -> None:
    assert wanted_forwardings(settings_for("lan"), "192.168.1.7") == ()


def test_a_file_that_was_kept_is_closed_only_where_it_is_secret_and_open() -> None:
    open_, closed = File(b"mine", 0o644), File(b"mine", 0o600)
    conflict = Change("x", Kind.CONFLICT, open_, File(b"theirs", 0o600))
    assert kept(conflict, secret=True).kind is Kind.MODE
    assert kept(conflict, secret=True).after == File(b"mine", 0o600)
    assert kept(conflict, secret=False).kind is Kind.KEEP
    assert kept(Change("x", Kind.CONFLICT, closed, closed), secret=True).kind is Kind.KEEP
    assert kept(Change("x", Kind.CONFLICT, None, closed), secret=True).kind is Kind.KEEP
