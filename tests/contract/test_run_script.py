"""run.pl with the real ddclient: told once, told again when something changed, and honest."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.bed.process import run, wait_for
from tests.contract import ddclients
from tests.contract.rendered import PASSWORD
from tests.contract.updater import ADDRESS, HOST, PORT, SERVER, Provider, Updater, provider, updater

pytestmark = pytest.mark.usefixtures("server")

SECOND = "second.example.com"
BOTH = {"ddns": {"hosts": [HOST, SECOND]}}
OTHER = "192.31.196.99"


@pytest.fixture
def server(tmp_path: Path, netns: str) -> Iterator[Provider]:
    with provider(tmp_path, netns) as made:
        yield made


@pytest.fixture
def service(tmp_path: Path, netns: str) -> Updater:
    return updater(tmp_path, netns)


@pytest.mark.parametrize("release", ddclients.releases())
def test_told_at_the_start_and_at_each_change_and_not_at_a_restart(
    release: str, server: Provider, tmp_path: Path, netns: str
) -> None:
    made = updater(tmp_path, netns, release)
    assert made.health().stdout == "your address was not looked up yet\n"
    with made.run() as running:
        assert made.comes_to("good"), running.text()
        (update,) = server.updates()
        assert update["query"]["hostname"] == HOST
        assert update["query"]["myip"] == ADDRESS
        assert (update["user"], update["authorized"]) == ("me", True)
        health = made.health()
        assert health.returncode == 0
        assert made.host()["answer"] == f"good {ADDRESS}"

        server.answers(address=OTHER)
        assert server.was_asked(2), running.text()
        assert server.updates()[1]["query"]["myip"] == OTHER
        # It ends as soon as it is told to, whatever it has not yet heard.
        assert wait_for(lambda: made.host()["addresses"] == {"ipv4": OTHER}, seconds=10)
    for _ in range(2):
        with made.run():
            assert made.looked_again()
    assert len(server.updates()) == 2
    assert made.state["addresses"] == made.host()["addresses"] == {"ipv4": OTHER}
    assert made.host()["result"] == "good"
    assert made.health().returncode == 0


def test_every_name_is_told_and_only_those_of_today_count(
    server: Provider, service: Updater
) -> None:
    with service.run() as running:
        assert service.comes_to("good"), running.text()
        service.change(BOTH)
        assert service.comes_to("good", SECOND), running.text()
        assert server.updates()[1]["query"]["hostname"] == SECOND
        service.change({"ddns": {"hosts": [HOST, "stranger.example.com"]}})
        assert service.comes_to("nohost", "stranger.example.com"), running.text()
        told = service.health().stdout
        assert told.startswith("stranger.example.com: nohost: the provider has no such name")
        service.change()
        assert wait_for(lambda: list(service.state["hosts"]) == [HOST], seconds=60)
        assert service.health().returncode == 0
    # Each was told once, and one of them refused.
    assert len(server.updates()) == 3


def test_a_wrong_password_is_not_tried_with_the_next_name(
    server: Provider, service: Updater
) -> None:
    server.answers(password="another")
    service.change(BOTH)
    with service.run() as running:
        assert service.comes_to("badauth", SECOND), running.text()
        assert service.looked_again()
        assert len(server.updates()) == 1
        health = service.health()
        assert [line.partition(" (")[0] for line in health.stdout.splitlines()] == [
            f"{name}: badauth: the user name, password or token is wrong" for name in (HOST, SECOND)
        ]
        server.answers(password="n#w one")
        service.change(BOTH, password="n#w one")
        # Within seconds, although the refusal was to be left alone for an hour.
        assert service.comes_to("good", SECOND), running.text()
    assert service.health().returncode == 0
    assert len(server.updates()) == 3


def test_a_refusal_is_left_alone_through_restarts_and_a_changed_address(
    server: Provider, service: Updater
) -> None:
    server.answers("abuse")
    for address in (ADDRESS, OTHER, ADDRESS):
        server.answers("abuse", address=address)
        with service.run() as running:
            assert service.comes_to("abuse"), running.text()
            assert service.looked_again()
    assert len(server.updates()) == 1
    assert service.state["addresses"] == {"ipv4": ADDRESS}
    assert "blocked the name or the account (abuse); next attempt in 59 min" in (
        service.health().stdout
    )


@pytest.mark.parametrize("answer", ["badauth", "911", "garbage"])
def test_it_recovers_by_itself_in_the_end(
    answer: str, server: Provider, tmp_path: Path, netns: str
) -> None:
    made = updater(tmp_path, netns, pace={"PERSON": "3;", "BUSY": "3;"})
    server.answers(answer)
    with made.run() as running:
        assert made.comes_to(answer), running.text()
        server.answers()
        assert made.comes_to("good"), running.text()
    assert made.health().returncode == 0
    assert len(server.updates()) == 2


def test_each_refusal_is_followed_by_a_longer_wait(
    server: Provider, tmp_path: Path, netns: str
) -> None:
    made = updater(tmp_path, netns, pace={"PERSON": "1;", "LONGEST": "4;"})
    server.answers("nohost")
    with made.run() as running:
        assert wait_for(lambda: made.host().get("failures") == 4, seconds=30), running.text()
    times = [update["time"] for update in server.updates()]
    waits = [after - before for before, after in pairwise(times)]
    assert waits[0] >= 0.9
    assert waits[1] >= 1.9
    assert waits[2] >= 3.9
    assert made.host()["next_attempt"] - made.host()["last_attempt"] == 4


def test_the_internet_may_come_later_than_ddclient(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, netns: str
) -> None:
    late = PORT + 1
    service = {"address_services": [f"http://{SERVER}:{late}/ip"]}
    made = updater(tmp_path, netns, "own", {"ddns": service})
    with made.run() as running:
        assert made.comes_to("no-address"), running.text()
        told = made.health().stdout
        assert told.startswith(f"{HOST}: no-address: your address cannot be found out (http://")
        assert f":{late}/ip: curl: (7) " in told
        with provider(tmp_path_factory.mktemp("late"), netns, port=late):
            assert made.comes_to("good", seconds=20), running.text()
            assert made.health().returncode == 0
        # What was right stays right, but for a while only.
        assert made.comes_to("no-address"), running.text()
        assert made.health().returncode == 0
        assert wait_for(lambda: made.health().returncode == 1, seconds=20)


def test_the_state_is_private_and_a_damaged_one_costs_one_update(
    server: Provider, service: Updater
) -> None:
    file = service.project.directory / "data/ddclient/state.json"
    for _ in range(2):
        with service.run() as running:
            assert service.comes_to("good"), running.text()
        assert file.stat().st_mode & 0o777 == 0o600
        assert PASSWORD not in file.read_text()
        file.write_text('{"schema": 1, "hos')
    assert len(server.updates()) == 2


def test_a_hung_updater_is_told_of(server: Provider, service: Updater) -> None:
    with service.run():
        assert service.comes_to("good")
    file = service.project.directory / "data/ddclient/state.json"
    state = json.loads(file.read_text())
    file.write_text(json.dumps({**state, "last_run": state["last_run"] - 7200}))
    health = service.health()
    assert (health.returncode, health.stdout) == (
        1,
        "your address was last looked up 2 hours ago\n",
    )


def test_an_odd_answer_does_not_put_the_password_into_the_log(
    server: Provider, service: Updater, tmp_path: Path
) -> None:
    chatty = tmp_path / "chatty"
    chatty.write_text(
        "#!/bin/sh\necho 'RECEIVE:  HTTP/1.1 200 OK'; echo 'RECEIVE:  '\n"
        'printf "RECEIVE:  you sent %s, as %s.\\n" "$(cat /secret)" "$(cat /encoded)"\n'
    )
    chatty.chmod(0o755)
    (tmp_path / "secret").write_text(PASSWORD)
    encoded = "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in PASSWORD)
    (tmp_path / "encoded").write_text(encoded)
    talking = service.container.with_mount("/usr/bin/ddclient", chatty)
    for name in ("secret", "encoded"):
        talking = talking.with_mount(f"/{name}", tmp_path / name)
    with talking.started(service.log) as running:
        assert running.says("garbage: you sent [hidden], as [hidden].")
    assert service.host()["answer"] == "you sent [hidden], as [hidden]."


def test_it_ends_at_once(server: Provider, service: Updater) -> None:
    with service.run() as running:
        assert service.comes_to("good"), running.text()
        running.process.terminate()
        assert running.ended(seconds=10) is not None


def test_it_ends_in_time_while_the_provider_keeps_silent(
    server: Provider, tmp_path: Path, netns: str
) -> None:
    made = updater(tmp_path, netns, pace={"PATIENCE": "60;"})
    server.answers("timeout")
    with made.run() as running:
        assert server.was_asked(1), running.text()
        running.process.terminate()
        assert running.ended(seconds=10) is not None
    left = run(["find", tmp_path / "tmp", "-name", "ddclient_*"]).stdout
    assert left == ""
