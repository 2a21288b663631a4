"""start.sh with the real nginx: it always serves, and heals by itself."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.bed.process import wait_for
from tests.contract.certificates import issue, put, put_file
from tests.contract.disks import small_disk
from tests.contract.door import STARTED, Door, door

DOMAIN = "nvr.example.com"
PACE = {"seconds_between_looks": "0.4", "looks_before_retry": "5", "seconds_for_reload": "2"}

BROKEN = "the configuration has an error"
UNUSABLE = "is not usable"
OWN_SITE = "server {{ listen 80; server_name own.example; return 200 {0}; }}\n"


@pytest.fixture
def quick(tmp_path: Path, netns: str) -> Door:
    """One that looks often, and tries again what failed after two seconds."""
    return door(tmp_path, netns, PACE)


def test_at_its_own_pace(tmp_path: Path, netns: str) -> None:
    """The placeholder at once, an issued pair within ten seconds, an end within two."""
    real = door(tmp_path, netns)
    began = time.monotonic()
    with real.open() as running:
        assert time.monotonic() - began < 15
        assert real.serves(real.placeholder(), seconds=60)
        assert "301 Moved" in real.get(f"http://{DOMAIN}/")
        assert "strict-transport-security" not in real.get(f"https://{DOMAIN}/").lower()
        pair = issue(DOMAIN)
        put(real.project, pair)
        assert real.serves(pair.certificate, seconds=30), running.text()
        assert running.says("start.sh: reloaded")
        assert "strict-transport-security: max-age" in real.get(f"https://{DOMAIN}/").lower()
        running.process.terminate()
        assert running.ended(seconds=10) == 0
    assert running.text().count("start.sh: reloaded") == 1


def healthy(at: Door) -> tuple[bool, str]:
    """What the health check of compose.yaml says."""
    service = yaml.safe_load(at.project.text("compose.yaml"))["services"]["nginx"]
    command, *words = service["healthcheck"]["test"]
    assert command == "CMD"
    done = at.container.run(["busybox", "sh", *words[1:]])
    return done.returncode == 0, done.stdout + done.stderr


def with_spool(tmp_path: Path, netns: str) -> tuple[Door, Path]:
    """One whose nginx keeps what does not fit into memory in a directory of ours."""
    made, spool = door(tmp_path, netns, PACE), tmp_path / "spool"
    spool.mkdir()
    return replace(made, container=made.container.with_mount("/tmp/spool", spool)), spool


def test_what_was_sent_by_visitors_and_fills_the_disk_keeps_no_certificate_out(
    tmp_path: Path, netns: str
) -> None:
    made, spool = with_spool(tmp_path, netns)
    with small_disk(spool, made.project.owner) as disk, made.open() as running:
        assert made.serves(made.placeholder())
        disk.fill(0)
        pair = issue(DOMAIN)
        put(made.project, pair)
        assert made.serves(pair.certificate), running.text()
        assert healthy(made) == (True, "")


def test_a_pair_that_could_not_be_tested_is_tested_again(quick: Door, tmp_path: Path) -> None:
    """The files stay as they are: what was wrong is outside of them."""
    own = quick.container.mounts["/tmp/nginx"]
    pair = issue(DOMAIN)
    with small_disk(own, quick.project.owner) as disk, quick.open() as running:
        disk.fill(0)
        put(quick.project, pair)
        assert running.says(UNUSABLE)
        disk.empty()
        assert quick.serves(pair.certificate), running.text()
        assert wait_for(lambda: healthy(quick) == (True, ""), seconds=5)


def test_requests_for_moonfire_are_kept_in_memory(tmp_path: Path, netns: str) -> None:
    """The largest that it may get arrives though the disk is full; a larger one is refused."""
    made, spool = with_spool(tmp_path, netns)
    body = tmp_path / "body"
    with small_disk(spool, made.project.owner) as disk, made.open():
        disk.fill(0)
        answers = {}
        for size in (64 * 1024, 64 * 1024 + 1):
            body.write_bytes(b"x" * size)
            posted = made.curl(
                "--insecure", "--http1.1", "--limit-rate", "200k", "--data-binary", f"@{body}",
                "--write-out", "%{http_code}", "--output", "/dev/null", f"https://{DOMAIN}/api/users",
            )  # fmt: skip
            answers[size] = posted.stdout
    # Nobody is behind nginx here.
    assert answers == {64 * 1024: "502", 64 * 1024 + 1: "413"}


ZONE = """
limit_req_zone {key} zone=own:1m rate=10r/s;
server {{ listen 80; server_name own.example; return 200 {key}; }}
"""


def test_what_nginx_refuses_while_it_runs_is_taken_up_all_the_same(quick: Door) -> None:
    """`nginx -t` accepts another key of the same zone; the running main process does not."""
    quick.custom("own.conf", ZONE.format(key="$remote_addr"))
    with quick.open() as running:
        main = quick.pid
        quick.custom("own.conf", ZONE.format(key="$host"))
        assert running.says("restarted, which ends streams"), running.text()
        assert 'limit_req "own" uses the "$host" key' in running.text()
        assert wait_for(lambda: quick.get("http://own.example/").endswith("own.example"), seconds=5)
        assert quick.pid != main
        pair = issue(DOMAIN)
        put(quick.project, pair)
        assert quick.serves(pair.certificate), running.text()
        assert running.says("start.sh: reloaded")
        assert running.process.poll() is None
        assert healthy(quick) == (True, "")


def test_the_health_check_tells_what_keeps_a_certificate_out(quick: Door) -> None:
    old, new = issue(DOMAIN), issue(DOMAIN)
    put(quick.project, old)
    with quick.open() as running:
        assert wait_for(lambda: healthy(quick) == (True, ""), seconds=5), running.text()
        put_file(quick.project, "fullchain.pem", new.certificate)
        assert wait_for(lambda: not healthy(quick)[0], seconds=5), running.text()
        assert "key values mismatch" in healthy(quick)[1]
        put_file(quick.project, "privkey.pem", new.key)
        assert wait_for(lambda: healthy(quick) == (True, ""), seconds=5), running.text()


def test_a_pair_is_taken_only_when_it_is_complete(quick: Door) -> None:
    with quick.open() as running:
        pair = issue(DOMAIN)
        put_file(quick.project, "fullchain.pem", pair.certificate)
        assert running.says(UNUSABLE)
        assert "privkey.pem is missing" in running.text()
        assert quick.serves(quick.placeholder())
        put_file(quick.project, "privkey.pem", pair.key[: len(pair.key) // 2])
        assert running.says(UNUSABLE, times=2)
        assert quick.serves(quick.placeholder())
        put_file(quick.project, "privkey.pem", pair.key)
        assert quick.serves(pair.certificate), running.text()
        assert "can't open" not in running.text()


def test_a_renewal_that_does_not_match_leaves_what_is_served(quick: Door) -> None:
    old, new = issue(DOMAIN), issue(DOMAIN)
    put(quick.project, old)
    with quick.open() as running:
        assert quick.serves(old.certificate)
        put_file(quick.project, "fullchain.pem", new.certificate)
        assert running.says(BROKEN)
        assert quick.serves(old.certificate)
        put_file(quick.project, "privkey.pem", new.key)
        assert quick.serves(new.certificate), running.text()


def test_a_mismatched_pair_at_the_start(quick: Door) -> None:
    put_file(quick.project, "fullchain.pem", issue(DOMAIN).certificate)
    put_file(quick.project, "privkey.pem", issue(DOMAIN).key)
    with quick.open() as running:
        assert quick.serves(quick.placeholder())
        assert UNUSABLE in running.text()
        assert "key values mismatch" in running.text()
        pair = issue(DOMAIN)
        put(quick.project, pair)
        assert quick.serves(pair.certificate), running.text()


def test_an_error_in_ones_own_file_is_told_and_the_old_one_stays(quick: Door) -> None:
    def answers(text: str) -> bool:
        return wait_for(lambda: quick.get("http://own.example/").endswith(text), seconds=60)

    quick.custom("own.conf", OWN_SITE.format("first"))
    with quick.open() as running:
        main = quick.pid
        assert answers("first")
        quick.custom("own.conf", "server {\n    listn 80;\n}\n")
        assert running.says(BROKEN)
        assert 'unknown directive "listn" in /etc/nvrstack/nginx/custom.d/own.conf:2' in (
            running.text()
        )
        assert answers("first")
        quick.custom("own.conf", OWN_SITE.format("second"))
        assert running.says("start.sh: reloaded")
        assert answers("second")
        assert quick.pid == main


def test_a_renewal_while_ones_own_file_is_broken_waits_until_it_is_mended(quick: Door) -> None:
    old, new = issue(DOMAIN), issue(DOMAIN)
    put(quick.project, old)
    with quick.open() as running:
        assert quick.serves(old.certificate)
        quick.custom("own.conf", "broken")
        assert running.says(BROKEN)
        put(quick.project, new)
        assert running.says(BROKEN, times=2)
        assert "start.sh: reloaded" not in running.text()
        assert "custom.d/own.conf" in running.text()
        assert quick.serves(old.certificate)
        quick.custom("own.conf", "")
        # Two looks, as within the ten seconds of the script's own pace.
        assert quick.serves(new.certificate, seconds=60), running.text()


def test_it_ends_in_time_while_the_configuration_is_broken(quick: Door) -> None:
    with quick.open() as running:
        quick.custom("own.conf", "broken")
        assert running.says(BROKEN)
        running.process.terminate()
        assert running.ended(seconds=10) == 0


def test_it_ends_in_time_when_it_has_only_just_begun(quick: Door) -> None:
    with quick.container.started(quick.log) as running:
        assert running.says(STARTED.split()[0], seconds=60)
        running.process.terminate()
        assert running.ended(seconds=10) == 0
        assert quick.served() is None


def test_a_killed_nginx_ends_the_script_so_that_docker_restarts_it(quick: Door) -> None:
    with quick.open() as running:
        os.kill(quick.pid, signal.SIGKILL)
        assert running.ended(seconds=10) == 1
        assert "nginx ended with code 137" in running.text()


def test_a_broken_start_does_not_spin_and_heals(quick: Door) -> None:
    quick.custom("own.conf", "broken")
    with quick.container.started(quick.log) as running:
        assert running.says(BROKEN)
        time.sleep(1.2)
        assert running.text().count(BROKEN) == 1
        assert running.process.poll() is None
        quick.custom("own.conf", "")
        assert running.says(STARTED, seconds=60), running.text()
        assert quick.serves(quick.placeholder())


def test_what_failed_for_a_cause_outside_of_the_files_is_tried_again(
    quick: Door, tmp_path: Path
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    quick.custom(
        "own.conf", "server { listen 81; location / { proxy_pass http://later.example; } }\n"
    )
    outside = Door(quick.project, quick.container.with_mount("/etc/hosts", hosts), quick.log)
    with outside.container.started(outside.log) as running:
        assert running.says("host not found in upstream"), running.text()
        hosts.write_text("127.0.0.1 localhost later.example\n")
        assert running.says(STARTED, seconds=60), running.text()
