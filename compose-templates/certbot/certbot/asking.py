"""Runs certbot for one certificate, once more where what it stumbled over can be mended here."""

import os
import re
import subprocess
import time
from dataclasses import replace

from accounts import account_of
from lineages import how_issued, is_whole, key_options
from mending import put_aside
from wanted import LETSENCRYPT, LOGS, Wanted, certbot_command

CERTBOT_SECONDS = 900
"""How long certbot may take."""
RUNS = 3
"""How often it may run in one attempt: an account can be unknown, and then its e-mail refused."""
LOGGED = "Saving debug log"
"""What it prints when the log is that of this run."""
UNKNOWN_ACCOUNT = re.compile(r"error:accountDoesNotExist|has status .{0,2}deactivated|been deactiv")
REFUSED_CONTACT = re.compile(r"error:(invalid|unsupported)Contact|is an invalid email address")
"""What certbot's log holds of the authority's answer (RFC 8555 section 6.7), or of its words."""


class Certbot:
    """The program, of which one runs at a time."""

    def __init__(self) -> None:
        self.running: subprocess.Popen[str] | None = None
        self.stopping = False

    def ask(self, wanted: Wanted) -> tuple[int, str]:
        """Let it issue or renew what is wanted; give its exit code and what it printed."""
        for _ in range(RUNS):
            code, output = self.run(wanted)
            if code == 0 or self.stopping:
                break
            answer = output + (_log() if LOGGED in output else "")
            account = account_of(LETSENCRYPT, wanted.server, how_issued(LETSENCRYPT, wanted.name))
            if REFUSED_CONTACT.search(answer) and wanted.email:
                print(
                    f"{wanted.name}: the authority refuses {wanted.email}; going without",
                    flush=True,
                )
                wanted = replace(wanted, email=None)
            elif UNKNOWN_ACCOUNT.search(answer) and account:
                place = put_aside(LETSENCRYPT, account, time.time())
                print(
                    f"{wanted.name}: the authority knows the account no more; kept in {place}",
                    flush=True,
                )
            else:
                break
        return code, output

    def run(self, wanted: Wanted) -> tuple[int, str]:
        """Run it once."""
        LOGS.mkdir(parents=True, exist_ok=True)
        noted = how_issued(LETSENCRYPT, wanted.name)
        account = account_of(LETSENCRYPT, wanted.server, noted)
        command = certbot_command(
            wanted,
            noted,
            is_whole=is_whole(LETSENCRYPT, wanted.name),
            key=key_options(LETSENCRYPT, wanted.name, wanted.key_type),
            account=account.name if account else None,
        )
        self.running = subprocess.Popen(
            command,
            env={**os.environ, **dict(wanted.environment)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        try:
            output, _ = self.running.communicate(timeout=CERTBOT_SECONDS)
        except subprocess.TimeoutExpired:
            self.running.kill()
            output, _ = self.running.communicate()
            output += f"\ncertbot took longer than {CERTBOT_SECONDS} seconds and was ended"
        code, self.running = self.running.returncode, None
        print(output.strip(), flush=True)
        return code, output

    def stop(self) -> None:
        """End it, for good."""
        self.stopping = True
        if self.running:
            self.running.terminate()


def _log() -> str:
    """What it wrote down of its last run, the authority's answers among it."""
    try:
        return (LOGS / "letsencrypt.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
