"""How dynamic DNS stands, as ddclient's keeper noted."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from nvrstack.checks.noted import entry_of
from nvrstack.checks.verdict import Level, Verdict, in_words

GOOD = "good"
FIELDS = frozenset({"result", "answer", "in_order", "last_success", "next_attempt"})
REMEDY = "docker compose logs ddclient"
SERVERS_FIELDS = frozenset({"verdict", "answer", "since"})
SERVERS_REMEDY = "look at the records of the name on your provider's page"
PUBLISHING = timedelta(hours=1)
"""For so long a provider may take to tell its name servers, as in `Schedule.pm`."""


def ddns_verdicts(
    names: tuple[str, ...], state: Mapping[str, Any] | None, now: datetime
) -> Iterator[Verdict]:
    """One verdict for each name that is told to the provider.

    `names` are those of the records, `state` is what `run.pl` wrote into `state.json`, None
    when there is nothing to read yet.
    """
    for name in names:
        about = f"dynamic DNS {name}"
        host = entry_of(state, "hosts", name, FIELDS)
        if host is None or not host["result"]:
            text = "was not told to the provider yet"
            yield Verdict(about, Level.UNKNOWN, text, "start it: docker compose up -d")
        elif host["result"] == GOOD:
            addresses = " and ".join(sorted((state or {}).get("addresses", {}).values()))
            yield Verdict(about, *_believed(addresses, host, now))
        else:
            wait = _moment(host["next_attempt"]) - now
            then = f"; next attempt in {in_words(wait)}" if wait > timedelta(0) else ""
            text = f"{host['result']}: {host['answer']}{then}"
            yield Verdict(about, Level.PROBLEM, text, REMEDY)


def _believed(
    addresses: str, host: Mapping[str, Any], now: datetime
) -> tuple[Level, str] | tuple[Level, str, str]:
    """What has come of an update that the provider took, as the name's own servers tell it."""
    servers = host.get("name_servers")
    if not isinstance(servers, dict) or not servers.keys() >= SERVERS_FIELDS:
        return Level.UNKNOWN, f"the provider has {addresses}; its name servers are not asked yet"
    verdict, answer, since = servers["verdict"], servers["answer"], _moment(servers["since"])
    if verdict == "agree":
        ago = in_words(now - _moment(host["in_order"] or host["last_success"]))
        return Level.FINE, f"leads to {addresses}, say its name servers; in order {ago} ago"
    if verdict == "other":
        late = now - since > PUBLISHING
        yet = f"for {in_words(now - since)}" if late else "yet"
        text = f"the provider has {addresses}, which its name servers do not say {yet}: {answer}"
        return (Level.PROBLEM if late else Level.UNKNOWN), text, SERVERS_REMEDY
    text = f"the provider has {addresses}; whether its name servers say so is not known: {answer}"
    return Level.UNKNOWN, text, "nvrstack doctor"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
