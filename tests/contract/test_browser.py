"""A real browser opens the page through nginx, signs in, and sees the live view move."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

from tests.bed import packages
from tests.bed.process import run, wait_for
from tests.contract.house import ADDRESS, DOMAIN, PASSWORD, USER, House, entered, house

PACKAGES = ("chromium", "chromium-driver", "libnss3-tools")
PORT = 9515
REDRAWN = (NoSuchElementException, StaleElementReferenceException)
"""What a page says of an element while it draws itself anew."""
SECONDS = 40


@pytest.fixture
def home(netns: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    for path in (folder, *list(folder.parents)[:2]):
        path.chmod(0o755)
    with house(folder, netns) as found:
        yield found


@contextmanager
def browser(home: House, place: Path) -> Iterator[WebDriver]:
    """Chromium in the house's network; it trusts the house's authority as a person lets it."""
    packages.ensure(PACKAGES)
    database = place / ".pki/nssdb"
    database.mkdir(parents=True)
    root = place / "root.pem"
    root.write_bytes(home.root.pem)
    certutil = ["certutil", "-d", f"sql:{database}"]
    run([*certutil, "-N", "--empty-password"])
    run([*certutil, "-A", "-n", "root", "-t", "C,,", "-i", root])
    command = ["ip", "netns", "exec", home.netns, "chromedriver", f"--port={PORT}"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(place)}
    with (place / "driver.log").open("wb") as log:
        driver = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        with entered(home.netns):
            started = lambda: b"successfully" in (place / "driver.log").read_bytes()  # noqa: E731
            assert wait_for(started, seconds=20), (place / "driver.log").read_text()
            options = webdriver.ChromeOptions()
            for word in (
                "--headless=new",
                "--no-sandbox",
                "--disable-dev-shm-usage",
                f"--host-resolver-rules=MAP {DOMAIN} {ADDRESS}",
            ):
                options.add_argument(word)
            remote = webdriver.Remote(f"http://127.0.0.1:{PORT}", options=options)
            try:
                yield remote
            finally:
                remote.quit()
    finally:
        driver.terminate()
        driver.wait(10)


def test_a_person_signs_in_and_sees_their_camera(home: House, tmp_path: Path) -> None:
    with browser(home, tmp_path) as page:
        patient = WebDriverWait(page, SECONDS, ignored_exceptions=REDRAWN)
        # As people type it: the proxy leads to https.
        page.get(f"http://{DOMAIN}/")
        assert page.current_url == f"https://{DOMAIN}/"
        form = page.find_element(By.ID, "login")
        patient.until(lambda _: form.is_displayed())
        assert page.find_element(By.ID, "live").text == ""

        form.find_element(By.NAME, "username").send_keys(USER)
        form.find_element(By.NAME, "password").send_keys(PASSWORD)
        form.find_element(By.TAG_NAME, "button").click()
        live = page.find_element(By.ID, "live")
        patient.until(lambda _: live.text.startswith("live parts: "))
        first = int(live.text.rpartition(" ")[2])
        patient.until(lambda _: int(live.text.rpartition(" ")[2]) > first + 2)
        assert page.find_element(By.ID, "user").text.startswith(USER)

        (cookie,) = page.get_cookies()
        assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("s", True, True)
        page.find_element(By.CSS_SELECTOR, "#user button").click()
        patient.until(lambda _: page.find_element(By.ID, "login").is_displayed())
