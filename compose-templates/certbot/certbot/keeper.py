"""Keeps certificates: runs certbot when one is missing or due, and never more often than allowed.

Runs as the only program of the certbot service. `certificates.json` beside this file says what is
wanted; it is read again when it changes. `state.json` on the service's volume says what was done
and when the next attempt is allowed, so that a restart, however frequent, brings no further one.

certbot itself decides whether a renewal is due: by the authority's advice (RFC 9773), else when a
third of the lifetime is left.
"""

import contextlib
import hashlib
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

WANTED = Path(__file__).with_name("certificates.json")
STATE = Path("/var/lib/nvrstack/state.json")
LOGS = Path("/var/lib/nvrstack/logs")
LETSENCRYPT = Path("/etc/letsencrypt")
WEBROOT = Path("/var/www/webroot")
WORK = Path("/tmp/certbot")  # noqa: S108 - the container's own tmpfs

SECONDS_BETWEEN_LOOKS = 5
CHECK_SECONDS = 12 * 3600
"""How often certbot is asked whether a renewal is due: twice a day, as its makers recommend."""
UNREACHABLE_SECONDS = (5, 30)
"""How soon, at first and in the long run, to ask again whether the authority can be reached; that
is only a look at its directory and costs no limit."""
RETRY_SECONDS = (60, 300, 900, 1800, 3600, 2 * 3600, 4 * 3600, 6 * 3600)
"""Waits after failures in a row; the last one repeats. At most five attempts in an hour, which
is what Let's Encrypt allows of failed authorizations, and about four a day in the long run."""
SETTLE_SECONDS = 20
"""How long all but the very first wishes are left alone: nginx, too, has to take up the names."""
GRACE_SECONDS = 3600
"""How long the first certificate may take before the service counts as unhealthy."""


@dataclass(frozen=True)
class Wanted:
    """One certificate that shall exist, and everything certbot is told about it."""

    name: str
    domains: tuple[str, ...]
    server: str
    email: str | None
    key_type: str

    @property
    def digest(self) -> str:
        """Changes when anything about the request changes."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class State:
    """What is known of one certificate. Times are seconds since the epoch."""

    request: str = ""
    result: str = "never tried"
    reason: str = ""
    failures: int = 0
    since: float = 0.0
    unreachable_since: float | None = None
    last_attempt: float | None = None
    next_attempt: float = 0.0
    not_before: float | None = None
    not_after: float | None = None


def read_wanted(text: str) -> list[Wanted]:
    """The certificates that `certificates.json` asks for."""
    data = json.loads(text)
    common = {key: data[key] for key in ("server", "email", "key_type")}
    return [
        Wanted(name=entry["name"], domains=tuple(entry["domains"]), **common)
        for entry in data["certificates"]
    ]


def delay(failures: int, jitter: float) -> float:
    """Seconds to wait after `failures` in a row; `jitter` from 0 to 1 adds up to a fifth."""
    step = RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]
    return step * (1 + jitter / 5)


def before_attempt(state: State, wanted: Wanted, now: float, jitter: float) -> State:
    """The state to write down before certbot runs: if it never returns, it has failed."""
    return replace(
        state,
        request=wanted.digest,
        result="interrupted",
        reason="the last attempt was cut short",
        failures=state.failures + 1,
        since=state.since or now,
        unreachable_since=None,
        last_attempt=now,
        next_attempt=now + delay(state.failures + 1, jitter),
    )


def after_attempt(state: State, code: int, output: str, now: float, jitter: float) -> State:
    """The state after certbot ended with `code`, having printed `output`."""
    if code != 0:
        return replace(state, result="failed", reason=explain(output))
    wait = CHECK_SECONDS * (1 + jitter / 5)
    return replace(state, result="ok", reason="", failures=0, next_attempt=now + wait)


def not_reachable(state: State, wanted: Wanted, reason: str, now: float, jitter: float) -> State:
    """The state when the authority does not answer: nothing was asked of it, so try again soon."""
    began = now if state.unreachable_since is None else state.unreachable_since
    soonest, latest = UNREACHABLE_SECONDS
    wait = min(latest, max(soonest, (now - began) / 4))
    return replace(
        state,
        request=wanted.digest,
        result="authority unreachable",
        reason=reason,
        since=state.since or now,
        unreachable_since=began,
        next_attempt=now + wait * (1 + jitter / 5),
    )


def explain(output: str) -> str:
    """The lines of certbot's output that say what went wrong, in one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = ("Domain:", "Identifier:", "Type:", "Detail:")
    details = [line for line in lines if line.startswith(telling)]
    chatter = ("Saving debug log", "Ask for help", "See the logfile", "Hint:", "- - -")
    told = details or [line for line in lines if not line.startswith(chatter)][-2:]
    return " ".join(told)[:500] or "certbot said nothing"


def certbot_command(wanted: Wanted) -> list[str]:
    """The certbot command line that issues, renews or leaves alone, whichever is due."""
    contact = ["--email", wanted.email] if wanted.email else ["--register-unsafely-without-email"]
    return [
        "certbot", "certonly", "--non-interactive", "--agree-tos", "--no-eff-email", *contact,
        "--server", wanted.server,
        "--webroot", "--webroot-path", str(WEBROOT),
        "--cert-name", wanted.name,
        "--keep-until-expiring", "--renew-with-new-domains",
        "--key-type", wanted.key_type,
        "--config-dir", str(LETSENCRYPT), "--work-dir", str(WORK), "--logs-dir", str(LOGS),
        "--max-log-backups", "20",
        *(word for domain in wanted.domains for word in ("--domain", domain)),
    ]  # fmt: skip


def problem_with(state: State | None, now: float) -> str | None:
    """Why the service is unhealthy as far as one certificate goes, or None when it is well."""
    if state is None or (state.not_after is None and now - (state.since or now) < GRACE_SECONDS):
        return None
    if state.not_after is None or state.not_before is None:
        return f"no certificate yet: {state.reason or state.result}"
    left = (state.not_after - now) / (state.not_after - state.not_before)
    if left < 0.25:
        when = datetime.fromtimestamp(state.not_after, UTC).isoformat(" ", "minutes")
        return f"renewal is overdue, the certificate ends {when}: {state.reason or state.result}"
    return None


def load_states(path: Path) -> dict[str, State]:
    """What `state.json` holds; nothing when it is absent or was damaged by a power cut."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        states = {name: State(**entry) for name, entry in data["certificates"].items()}
        for state in states.values():
            # Numbers, or what was damaged is started anew.
            _ = state.failures + state.since + state.next_attempt
        return states
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def save_states(path: Path, states: dict[str, State], now: float) -> None:
    """Write `state.json` so that a reader sees the old or the new one, never half of it."""
    data = {
        "schema": 1,
        "written": now,
        "certificates": {name: asdict(state) for name, state in states.items()},
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)


def validity(name: str) -> tuple[float | None, float | None]:
    """From when and until when the certificate of lineage `name` is valid, if there is one."""
    from cryptography import x509

    try:
        pem = (LETSENCRYPT / "live" / name / "cert.pem").read_bytes()
        certificate = x509.load_pem_x509_certificate(pem)
    except (OSError, ValueError):
        return None, None
    return (
        certificate.not_valid_before_utc.timestamp(),
        certificate.not_valid_after_utc.timestamp(),
    )


def authority_problem(server: str) -> str | None:
    """Why the ACME directory at `server` cannot be read, or None when it can."""
    import requests

    try:
        requests.get(server, timeout=10).raise_for_status()
    except requests.RequestException as error:
        return str(error)[:300]
    return None


class Keeper:
    """Takes each certificate through its life, one look after the other."""

    def __init__(self) -> None:
        self.states = load_states(STATE)
        self.stopping = threading.Event()
        self.running: subprocess.Popen[str] | None = None

    def look(self) -> None:
        """Do what is due now."""
        at_first = not self.states
        for wanted in read_wanted(WANTED.read_text(encoding="utf-8")):
            state = self.states.get(wanted.name, State())
            now = time.time()
            if state.request != wanted.digest and not at_first:
                state = State(request=wanted.digest, next_attempt=now + SETTLE_SECONDS)
                self.states[wanted.name] = state
            # A clock that was far ahead must not put the next attempt off for good.
            too_far = state.next_attempt > now + 2 * max(CHECK_SECONDS, RETRY_SECONDS[-1])
            if now >= state.next_attempt or too_far:
                self.attend(wanted, state)
        save_states(STATE, self.states, time.time())

    def attend(self, wanted: Wanted, state: State) -> None:
        """Let certbot issue or renew one certificate if the authority can be reached."""
        jitter = random.random()  # noqa: S311 - spreads load, keeps no secret
        unreachable = authority_problem(wanted.server)
        if unreachable:
            after = not_reachable(state, wanted, unreachable, time.time(), jitter)
        else:
            before = before_attempt(state, wanted, time.time(), jitter)
            self.record(wanted.name, before)
            code, output = self.run_certbot(certbot_command(wanted))
            if self.stopping.is_set():
                return
            after = after_attempt(before, code, output, time.time(), jitter)
        not_before, not_after = validity(wanted.name)
        after = replace(after, not_before=not_before, not_after=not_after)
        if (after.result, after.reason) != (state.result, state.reason):
            until = datetime.fromtimestamp(after.next_attempt, UTC).isoformat(" ", "seconds")
            told = f"{after.result}: {after.reason}" if after.reason else after.result
            print(f"{wanted.name}: {told} (next look {until})", flush=True)
        self.record(wanted.name, after)

    def record(self, name: str, state: State) -> None:
        """Remember the state of one certificate, on disk too."""
        self.states[name] = state
        save_states(STATE, self.states, time.time())

    def run_certbot(self, command: list[str]) -> tuple[int, str]:
        """Run certbot; give its exit code and everything that it printed."""
        LOGS.mkdir(parents=True, exist_ok=True)
        self.running = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            output, _ = self.running.communicate(timeout=900)
        except subprocess.TimeoutExpired:
            self.running.kill()
            output, _ = self.running.communicate()
            output += "\ncertbot took longer than fifteen minutes and was ended"
        code, self.running = self.running.returncode, None
        print(output.strip(), flush=True)
        return code, output

    def stop(self, *_: object) -> None:
        """End certbot, then the loop."""
        self.stopping.set()
        if self.running:
            self.running.terminate()

    def keep(self, look: Callable[[], None]) -> None:
        """Look every few seconds until told to stop; a disk that is full now may not be later."""
        while not self.stopping.is_set():
            try:
                look()
            except (OSError, ValueError, KeyError) as error:
                print(f"could not look after the certificates: {error}", flush=True)
            self.stopping.wait(SECONDS_BETWEEN_LOOKS)


def healthy() -> int:
    """Exit code of the health check: 1, with the reason printed, when something is wrong."""
    wanted = read_wanted(WANTED.read_text(encoding="utf-8"))
    states, now = load_states(STATE), time.time()
    written = STATE.stat().st_mtime if STATE.exists() else 0.0
    problems = [p for w in wanted if (p := problem_with(states.get(w.name), now))]
    if now - written > 1200:
        problems.append("the certificates were not looked after for twenty minutes")
    print("; ".join(problems) or "ok")
    return 1 if problems else 0


if __name__ == "__main__":
    if "--healthy" in sys.argv:
        sys.exit(healthy())
    keeper = Keeper()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, keeper.stop)
    with contextlib.suppress(KeyboardInterrupt):
        keeper.keep(keeper.look)
