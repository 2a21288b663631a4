"""The command line with each way to a certificate."""

from pathlib import Path

import pytest

from nvrstack.pki.certificates import Pair
from nvrstack.services.dns_providers import dns_providers
from tests.unit.commands import Outcome, nvrstack, tree
from tests.unit.samples import PASSWORD, credentials_of, own_pair, settings_for

STATE = ("--set", "moonfire.state_dir=data/moonfire", "--set", "moonfire.timezone=UTC")
DOMAIN = ("--set", "site.domain=nvr.example.com")


def init(folder: Path, stack: str, *arguments: str) -> Outcome:
    return nvrstack("init", folder / "p", "--yes", "--stack", stack, *DOMAIN, *STATE, *arguments)


def secret_file(folder: Path, name: str, text: str) -> tuple[str, str]:
    """A file with a secret, and the option that gives it."""
    path = folder / f"given {name}"
    path.write_text(text)
    return "--secret-file", f"{name}={path}"


def holders(folder: Path, text: str = PASSWORD) -> set[str]:
    """The files of the project in which a text stands, each of which is private."""
    found = {p: mode for p, (mode, data) in tree(folder).items() if text.encode() in data}
    assert {mode & 0o777 for mode in found.values()} <= {0o600}
    return set(found)


def assert_refused(outcome: Outcome, folder: Path, *words: str) -> None:
    """One sentence, no secret, nothing written."""
    assert (outcome.code, outcome.stdout) == (2, "")
    for word in words:
        assert word in outcome.stderr
    assert PASSWORD not in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert not (folder / "p").exists()


def own_files(folder: Path, pair: Pair) -> tuple[str, ...]:
    (folder / "own.pem").write_bytes(pair.certificate)
    (folder / "own.key").write_bytes(pair.key)
    return (
        *("--set", f"certificate.chain_file={folder / 'own.pem'}"),
        *("--set", f"certificate.key_file={folder / 'own.key'}"),
    )


OWN = settings_for("own-certificate")


def test_a_certificate_of_ones_own_is_taken_into_the_project(tmp_path: Path) -> None:
    pair = own_pair(OWN)
    outcome = init(tmp_path, "own-certificate", *own_files(tmp_path, pair))
    assert outcome.code == 0, outcome.stderr
    folder = tmp_path / "p/tls/own"
    assert (folder / "fullchain.pem").read_bytes() == pair.certificate
    assert (folder / "privkey.pem").read_bytes() == pair.key
    assert (folder / "privkey.pem").stat().st_mode & 0o777 == 0o600
    assert "/etc/nvrstack/tls/own" in (tmp_path / "p/nginx/certificates").read_text()


def test_files_count_from_where_the_command_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_files(tmp_path, own_pair(OWN))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    files = (
        "--set",
        "certificate.chain_file=../own.pem",
        "--set",
        "certificate.key_file=../own.key",
    )
    outcome = init(tmp_path, "own-certificate", *files)
    assert outcome.code == 0, outcome.stderr
    settings = (tmp_path / "p/nvrstack.toml").read_text()
    assert f'chain_file = "{tmp_path}/own.pem"' in settings
    assert nvrstack("--project", tmp_path / "p", "render", "--check").code == 0
    # The same words again are the same project.
    assert init(tmp_path, "own-certificate", *files).code == 0


def test_a_replaced_certificate_is_taken_by_the_next_render(tmp_path: Path) -> None:
    assert init(tmp_path, "own-certificate", *own_files(tmp_path, own_pair(OWN))).code == 0
    project = tmp_path / "p"
    assert nvrstack("--project", project, "render", "--check").code == 0
    renewed = own_pair(OWN)
    own_files(tmp_path, renewed)
    assert nvrstack("--project", project, "render", "--check").code == 1
    assert nvrstack("--project", project, "render", "--yes").code == 0
    assert (project / "tls/own/fullchain.pem").read_bytes() == renewed.certificate
    (tmp_path / "own.key").write_bytes(own_pair(OWN).key)
    before = tree(project)
    outcome = nvrstack("--project", project, "render", "--yes")
    assert outcome.code == 2
    assert "certificate.key_file: belongs to another certificate" in outcome.stderr
    assert tree(project) == before


@pytest.mark.parametrize(
    ("part", "content", "words"),
    [
        ("own.pem", b"garbage", "certificate.chain_file: holds no certificates"),
        ("own.key", b"garbage", "certificate.key_file: holds no private key"),
        ("own.key", own_pair(OWN).key, "certificate.key_file: belongs to another certificate"),
    ],
)
def test_a_wrong_certificate_of_ones_own_is_refused_before_anything_is_written(
    part: str, content: bytes, words: str, tmp_path: Path
) -> None:
    options = own_files(tmp_path, own_pair(OWN))
    (tmp_path / part).write_bytes(content)
    outcome = init(tmp_path, "own-certificate", *options)
    assert_refused(outcome, tmp_path, "nothing was changed", words)


def test_a_certificate_for_other_names_is_refused(tmp_path: Path) -> None:
    options = own_files(tmp_path, own_pair(OWN))
    outcome = init(
        tmp_path, "own-certificate", *options, "--set", "site.aliases=cameras.example.com"
    )
    assert_refused(outcome, tmp_path, "is for nvr.example.com, not for cameras.example.com")


@pytest.mark.parametrize("part", ["own.pem", "own.key"])
def test_a_certificate_that_is_not_there_is_told_of_by_its_key(part: str, tmp_path: Path) -> None:
    options = own_files(tmp_path, own_pair(OWN))
    (tmp_path / part).unlink()
    outcome = init(tmp_path, "own-certificate", *options)
    key = {"own.pem": "chain_file", "own.key": "key_file"}[part]
    assert outcome.code == 3
    assert f"certificate.{key}: {tmp_path / part}: No such file or directory" in outcome.stderr
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("name", list(dns_providers()))
def test_each_dns_provider_is_set_up_from_flags(name: str, tmp_path: Path) -> None:
    provider = dns_providers()[name]
    credentials = credentials_of(provider, PASSWORD)
    option = secret_file(tmp_path, "dns_credentials", f"{credentials}\n")
    dns = ("--set", f"certificate.dns_provider={name}", "--set", "site.aliases=*.example.com")
    outcome = init(tmp_path, "dns-challenge", *dns, *option)
    assert outcome.code == 0, outcome.stderr
    assert holders(tmp_path / "p") == {"certbot/dns-credentials", "secrets/dns_credentials"}
    for path in ("certbot/dns-credentials", "secrets/dns_credentials"):
        assert (tmp_path / "p" / path).read_text() == f"{credentials}\n"
    assert PASSWORD not in outcome.stdout + outcome.stderr
    # Nothing has to come in through port 80.
    assert "forward TCP port 443" in outcome.stdout
    assert "forward TCP port 80" not in outcome.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"dns_ovh_aplication_key = {PASSWORD}", "did you mean dns_ovh_application_key?"),
        (f"dns_ovh_endpoint = {PASSWORD}", "dns_ovh_application_key is missing; OVH wants"),
        (PASSWORD, "is not readable; expected lines such as dns_ovh_endpoint = VALUE"),
        (f"{PASSWORD} = ", "has a line that is no key of OVH; expected dns_ovh_endpoint"),
    ],
)  # fmt: skip
def test_wrong_credentials_are_one_sentence_without_the_secret(
    text: str, words: str, tmp_path: Path
) -> None:
    option = secret_file(tmp_path, "dns_credentials", text)
    outcome = init(tmp_path, "dns-challenge", "--set", "certificate.dns_provider=ovh", *option)
    assert_refused(outcome, tmp_path, words, "see https://certbot-dns-ovh.readthedocs.io/")
    assert sum("dns_credentials" in line for line in outcome.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["dns_credentials", "eab_hmac_key"])
def test_a_secret_that_is_not_given_is_asked_for_by_its_option(name: str, tmp_path: Path) -> None:
    needs = {
        "dns_credentials": ("dns-challenge", "certificate.dns_provider=ovh"),
        "eab_hmac_key": ("router-ddns", "certificate.eab_key_id=kid-1"),
    }
    stack, setting = needs[name]
    outcome = init(tmp_path, stack, "--set", setting)
    assert_refused(outcome, tmp_path, f"add --secret-file {name}=FILE")


ZEROSSL = ("--set", "certificate.authority=zerossl", "--set", "certificate.eab_key_id=kid-1")


def test_an_account_at_the_authority_is_bound_by_a_private_file(tmp_path: Path) -> None:
    option = secret_file(tmp_path, "eab_hmac_key", f"{PASSWORD}\n")
    outcome = init(tmp_path, "router-ddns", *ZEROSSL, *option)
    assert outcome.code == 0, outcome.stderr
    assert holders(tmp_path / "p") == {"certbot/eab.ini", "secrets/eab_hmac_key"}
    lines = (tmp_path / "p/certbot/eab.ini").read_text().splitlines()
    assert lines[-2:] == ["eab-kid = kid-1", f"eab-hmac-key = {PASSWORD}"]


@pytest.mark.parametrize("key", [f"{PASSWORD} #", f"'{PASSWORD}'", f"[{PASSWORD}]"])
def test_a_wrong_hmac_key_is_one_sentence_without_it(key: str, tmp_path: Path) -> None:
    outcome = init(tmp_path, "router-ddns", *ZEROSSL, *secret_file(tmp_path, "eab_hmac_key", key))
    assert_refused(outcome, tmp_path, "secrets/eab_hmac_key: has a character that certbot cannot")


@pytest.mark.parametrize("name", ["dns_credential", "dns_credentials", "eab_hmac_key="])
def test_a_secret_option_that_names_none_lists_those_there_are(name: str, tmp_path: Path) -> None:
    outcome = init(tmp_path, "router-ddns", "--secret-file", name)
    assert_refused(outcome, tmp_path, "dns_credentials, eab_hmac_key", "htpasswd_DOMAIN")


def test_the_challenge_can_be_changed_there_and_back(tmp_path: Path) -> None:
    project = tmp_path / "p"
    assert init(tmp_path, "router-ddns").code == 0

    def run(*arguments: str) -> Outcome:
        return nvrstack("--project", project, *arguments)

    before = tree(project)
    refused = run("set", "certificate.challenge", "dns-01")
    assert refused.code == 2
    assert "certificate.dns_provider: is missing; expected one of" in refused.stderr
    assert tree(project) == before

    assert run("set", "certificate.dns_provider", "ovh").code == 0
    assert run("render", "--check").code == 0
    assert run("set", "certificate.challenge", "dns-01").code == 0
    lacking = run("render", "--yes")
    assert lacking.code == 2
    assert "secrets/dns_credentials: is missing or empty" in lacking.stderr
    credentials = credentials_of(dns_providers()["ovh"], PASSWORD)
    (project / "secrets/dns_credentials").write_text(f"{credentials}\n")
    assert run("render", "--yes").code == 0
    wanted = (project / "certbot/certificates.json").read_text()
    assert '"authenticator": "dns-ovh"' in wanted
    assert (project / "certbot/dns-credentials").stat().st_mode & 0o777 == 0o600
    assert 'image: "certbot/dns-ovh:' in (project / "compose.yaml").read_text()

    assert run("set", "certificate.dns_provider", "desec").code == 0
    wrong = run("render", "--yes")
    assert wrong.code == 2
    assert "is not a key of deSEC; did you mean" in wrong.stderr
    assert PASSWORD not in wrong.stderr

    assert run("set", "certificate.challenge", "http-01").code == 0
    assert run("render", "--yes").code == 0
    assert '"authenticator": "webroot"' in (project / "certbot/certificates.json").read_text()
    assert not (project / "certbot/dns-credentials").exists()
    assert "certbot/dns-ovh" not in (project / "compose.yaml").read_text()


def test_staging_is_switched_by_one_setting(tmp_path: Path) -> None:
    project = tmp_path / "p"
    assert init(tmp_path, "router-ddns", "--set", "certificate.staging=true").code == 0
    wanted = project / "certbot/certificates.json"
    assert "https://acme-staging-v02.api.letsencrypt.org/directory" in wanted.read_text()
    assert nvrstack("--project", project, "set", "certificate.staging", "false").code == 0
    assert nvrstack("--project", project, "render", "--yes").code == 0
    assert '"https://acme-v02.api.letsencrypt.org/directory"' in wanted.read_text()
