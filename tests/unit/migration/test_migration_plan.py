"""`nvrstack migrate plan` below the root of a made-up host."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit import host_trees
from tests.unit.commands import Outcome, nvrstack, tree
from tests.unit.nvr_shapes import BASE, HOST, NAMED, script


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "root"
    found.mkdir()
    return host_trees.host(found)


def plan(root: Path, *arguments: str) -> Outcome:
    project = root.parent / "project"
    return nvrstack("migrate", "plan", project, "--root", root, "--no-docker", *arguments)


def planned(root: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = plan(root, "--json", *arguments)
    assert (done.code, done.stderr) == (code, ""), done
    return done.json()


def codes(findings: list[dict[str, str]]) -> list[str]:
    return [finding["code"] for finding in findings]


def test_a_unit_moves_in(root: Path) -> None:
    found = planned(host_trees.systemd(root))
    assert found["schema"] == 1
    assert found["install"] == {
        "source": "systemd",
        "image": "",
        "version": None,
        "container_name": "moonfire-nvr",
        "user": {"uid": 1010, "gid": 1011},
        "timezone": "America/Los_Angeles",
        "environment": {"RUST_BACKTRACE": "1"},
        "mounts": [],
        "network": "host",
        "ports": [],
        "security_opt": [],
        "log_driver": None,
        "log_options": {},
        "restart": "on-failure",
        "server_args": [],
        "other_options": {},
        "sockets": {},
    }
    assert found["blockers"] == []
    assert set(codes(found["warnings"])) == {"anonymous-viewing", "no-domain"}
    settings = tomllib.loads(found["settings"])
    assert settings["moonfire"]["version"] == "v0.7.30"
    assert settings["moonfire"]["state_dir"] == "/var/lib/moonfire-nvr"
    assert settings["moonfire"]["sample_dirs"] == ["/media/nvr"]
    assert settings["moonfire"]["timezone"] == "America/Los_Angeles"


def test_moonfires_configuration_before_and_after(root: Path) -> None:
    config = planned(host_trees.systemd(root))["moonfire_config"]
    assert config["path"] == "/etc/moonfire-nvr.toml"
    assert (config["format"], config["spelling"]) == ("toml", "camelCase")
    assert config["before"] == host_trees.CONFIG
    assert config["after"].startswith("# From the guide.\n")
    nginxs, socket = tomllib.loads(config["after"])["binds"]
    assert nginxs["trustForwardHeaders"] is True
    assert nginxs["ipv4"].endswith(":8080")
    assert "allowUnauthenticatedPermissions" not in nginxs
    assert socket == {"unix": "/var/lib/moonfire-nvr/sock", "ownUidIsPrivileged": True}


def test_a_compose_file_moves_in(root: Path) -> None:
    found = planned(host_trees.compose(root))
    assert found["install"]["source"] == "compose"
    assert found["install"]["version"] == "0.7.25"
    assert found["install"]["user"] == {"uid": 1010, "gid": 1011}
    assert found["blockers"] == []
    assert found["target"]["version"] == "v0.7.30"
    assert "with 0.7.25, the image has no /var/tmp" in found["target"]["reasons"][0]
    wished = planned(root, "--moonfire-version", "v0.7.25")
    assert tomllib.loads(wished["settings"])["moonfire"]["version"] == "v0.7.25"
    assert "version-fault" in codes(wished["warnings"])


def test_a_house_that_followed_the_guide_needs_no_answer(root: Path) -> None:
    found = planned(host_trees.secured(host_trees.compose(root)))
    assert found["blockers"] == []
    settings = tomllib.loads(found["settings"])
    assert settings["stack"] == "public"
    assert settings["site"]["domain"] == "nvr.example.com"
    assert settings["site"]["short_names"] == ["nvr"]
    assert settings["certificate"]["authority"] == "letsencrypt"
    assert settings["ddns"]["provider"] == "noip"
    assert settings["ddns"]["login"] == "me"
    ids = [step["id"] for step in found["steps"]]
    for step in ("certificates", "renewals", "ddclient", "nginx"):
        assert step in ids
    assert ids.index("images") < ids.index("takeover")


LEFT_RUNNING = {
    "IPv6 by interface": "usev6=ifv6, ifv6=eth0\nprotocol=duckdns, password=K3Y nvr",
    "a second family": "usev4=webv4, usev6=ifv6\nprotocol=duckdns, password=K3Y nvr",
    "an old key": "use=web\nprotocol=cloudflare, zone=example.com, login=me@example.com\n"
    "password=K3Y\nnvr.example.com",
    "a path": "use=web, server=dyn.example.net, script='/up?K3Y'\npassword=b nvr.example.com",
    "a command": "use=cmd, cmd='wan --key K3Y'\nprotocol=noip, login=a, password=b nvr.example.com",
    "a script after it": "use=web, postscript='say K3Y'\nprotocol=noip, login=a nvr.example.com",
}


@pytest.mark.parametrize("text", LEFT_RUNNING.values(), ids=LEFT_RUNNING)
def test_a_ddclient_that_has_no_successor_runs_on(root: Path, text: str) -> None:
    host_trees.put(host_trees.secured(host_trees.compose(root)), "/etc/ddclient.conf", text)
    secret = host_trees.put(root.parent, "token", "x" * 36)
    secret.chmod(0o600)
    given = (
        *("--stack=public", "--set=ddns.provider=duckdns", "--set=ddns.hosts=nvr.duckdns.org"),
        f"--secret-file=ddns_password={secret}",
    )
    for found in (planned(root), planned(root, *given)):
        assert found["blockers"] == []
        assert {"ddns-left-running", "ddns-credentials"} & set(codes(found["warnings"]))
        assert "ddclient" not in [step["id"] for step in found["steps"]]
        assert "K3Y" not in f"{found}"
    assert tomllib.loads(planned(root)["settings"])["ddns"]["updater"] == "none"


def test_no_secret_is_told(root: Path) -> None:
    host_trees.secured(host_trees.compose(root))
    for output in (plan(root).stdout, plan(root, "--json").stdout):
        assert host_trees.DDNS_PASSWORD not in output


def test_nothing_is_changed(root: Path) -> None:
    host_trees.secured(host_trees.systemd(root))
    before = tree(root.parent)
    planned(root)
    assert tree(root.parent) == before


def test_what_a_person_reads(root: Path) -> None:
    done = plan(host_trees.secured(host_trees.compose(root)))
    assert done.code == 0
    assert done.stdout.startswith(
        "Found: /opt/moonfire-nvr/docker-compose.yml\n"
        "  Moonfire 0.7.25 from ghcr.io/scottlamb/moonfire-nvr:v0.7.25\n"
        "  runs as 1010:1011\n"
        "  /var/lib/moonfire-nvr stays where it is\n"
        "  /media/nvr stays where it is\n"
    )
    assert "opened as https://nvr.example.com/" in done.stdout
    assert "-allowUnauthenticatedPermissions = { viewVideo = true }" in done.stdout
    assert "Nothing was changed. The move leaves about " in done.stdout


def test_nobody_who_could_sign_in_blocks(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    host_trees.systemd(host_trees.host(root, users=False))
    found = planned(root, code=1)
    assert codes(found["blockers"]) == ["nobody-can-sign-in"]
    done = plan(root)
    assert done.code == 1
    assert "there is no account in Moonfire" in done.stdout
    assert "nothing can be until the points above are settled" in done.stdout


def test_a_disk_that_is_not_there_blocks(root: Path) -> None:
    (root / "media/nvr").rmdir()
    assert codes(planned(host_trees.systemd(root), code=1)["blockers"]) == ["sample-dir-absent"]


def test_a_database_that_is_not_there_blocks(root: Path) -> None:
    (root / "var/lib/moonfire-nvr/db/db").unlink()
    assert codes(planned(host_trees.systemd(root), code=1)["blockers"]) == ["database-unread"]


def test_nothing_to_move(root: Path) -> None:
    found = planned(root, code=1)
    assert (found["install"], found["moonfire_config"], found["steps"]) == (None, None, [])
    assert codes(found["blockers"]) == ["no-install"]
    assert "no Moonfire was found" in plan(root).stdout


def test_two_installs_are_told_apart_by_the_owner(root: Path) -> None:
    host_trees.compose(host_trees.systemd(root))
    assert codes(planned(root, code=1)["blockers"]) == ["several-installs"]
    assert planned(root, "--from", "systemd")["install"]["source"] == "systemd"


def test_settings_are_the_owners_to_choose(root: Path) -> None:
    host_trees.systemd(root)
    found = planned(
        root, "--stack", "router-ddns", "--set", "site.domain=cam.example.org",
        "--set", "site.https_port=8443",
    )  # fmt: skip
    settings = tomllib.loads(found["settings"])
    assert settings["stack"] == "router-ddns"
    assert settings["site"]["domain"] == "cam.example.org"
    assert settings["site"]["https_port"] == 8443
    assert "no-domain" not in codes(found["warnings"])


def test_a_setting_that_is_wrong_blocks_and_is_named(root: Path) -> None:
    found = planned(host_trees.systemd(root), "--set", "site.https_port=0", code=1)
    assert codes(found["blockers"]) == ["settings"]
    assert found["blockers"][0]["message"].startswith("site.https_port ")
    assert found["settings"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "snap"), "--from snap: is no kind of install"),
        (("--nvr-script", "/absent/nvr"), "/absent/nvr: there is no such file"),
        (("--moonfire-config", "/absent.toml"), "/absent.toml: there is no such file"),
        (("--set", "nonsense=1"), "nonsense"),
    ],
)
def test_bad_input_is_one_sentence(root: Path, arguments: tuple[str, ...], said: str) -> None:
    done = plan(host_trees.systemd(root), *arguments)
    assert done.code == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_another_configuration_file_can_be_named(root: Path, tmp_path: Path) -> None:
    host_trees.systemd(root, config=None)
    mine = tmp_path / "mine.toml"
    mine.write_text('binds = [{ipv4 = "0.0.0.0:8080"}]\nworkerThreads = 3\n')
    found = planned(root, "--moonfire-config", str(mine))["moonfire_config"]
    assert found["path"] == str(mine)
    assert tomllib.loads(found["after"])["workerThreads"] == 3


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ("ExecStart=/x/moonfire-nvr run --config=nvr.toml\nWorkingDirectory=~", "/srv/nvr.toml"),
        ("ExecStart=/x/moonfire-nvr run --config=%E/nvr.toml", "/etc/nvr.toml"),
    ],
)
def test_a_units_own_configuration_file(root: Path, lines: str, path: str) -> None:
    host_trees.systemd(root, config=None)
    unit = host_trees.UNIT.replace("ExecStart=/usr/local/bin/moonfire-nvr run", lines)
    host_trees.put(root, "/etc/systemd/system/moonfire-nvr.service", unit)
    host_trees.put(root, "/etc/passwd", "moonfire-nvr:x:1010:1011::/srv:/bin/false\n")
    found = planned(root, code=1)
    assert codes(found["blockers"]) == ["config-absent"]
    assert path in found["blockers"][0]["message"]
    host_trees.put(root, path, host_trees.CONFIG + "[[binds]]\nipv4 = '127.0.0.1:81'\n")
    found = planned(root)
    assert found["moonfire_config"]["path"] == path
    assert found["moonfire_config"]["before"].startswith(host_trees.CONFIG)
    told = " ".join(plan(root).stdout.split())
    assert ("by whole paths: what counted from it is named in full" in told) == ("~" in lines)


@pytest.mark.parametrize("text", [host_trees.CONFIG, '{"binds": [{"ipv4": "0.0.0.0:8080"}]}'])
def test_a_byte_order_mark_says_nothing(root: Path, tmp_path: Path, text: str) -> None:
    host_trees.systemd(root, config=text)
    before = planned(root)
    assert before["blockers"] == []
    host_trees.put(root, "/etc/moonfire-nvr.toml", f"\ufeff{text}")
    assert planned(root) == before
    mine = tmp_path / "mine.toml"
    mine.write_text(f"\ufeff{text}")
    named = planned(root, "--moonfire-config", str(mine))["moonfire_config"]
    assert named["after"] == before["moonfire_config"]["after"]


def test_a_directory_of_recordings_inside_another_one(root: Path) -> None:
    host_trees.compose(root)
    (root / "media/nvr/two").mkdir()
    host_trees.recorded_in(root, "/media/nvr/two")
    found = planned(root)
    assert found["blockers"] == []
    assert tomllib.loads(found["settings"])["moonfire"]["sample_dirs"] == ["/media/nvr"]
    assert found["override"] is None
    # What has a mount of its own keeps it.
    text = host_trees.COMPOSE.replace(
        "      - /usr", "      - /media/nvr/two:/media/nvr/two\n      - /usr"
    )
    host_trees.put(root, "/opt/moonfire-nvr/docker-compose.yml", text)
    found = planned(root)
    assert found["blockers"] == []
    (mount,) = yaml.safe_load(found["override"])["services"]["moonfire-nvr"]["volumes"]
    assert mount["source"] == mount["target"] == "/media/nvr/two"


def test_the_ports_of_others_block(root: Path) -> None:
    host_trees.put(
        root,
        "/proc/net/tcp",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0"
        "        0 4242 1\n",
    )
    host_trees.put(root, "/proc/77/comm", "lighttpd\n")
    descriptors = root / "proc/77/fd"
    descriptors.mkdir()
    (descriptors / "3").symlink_to("socket:[4242]")
    found = planned(host_trees.systemd(root), code=1)
    assert [f["message"] for f in found["blockers"]] == [
        "port 80 is held by lighttpd, and the project's nginx needs it"
    ]


def test_the_override_is_a_compose_file(root: Path) -> None:
    more = "    extra_hosts: [cam1:192.168.1.9]\n    restart:"
    text = host_trees.COMPOSE.replace("    restart:", more)
    host_trees.compose(root)
    host_trees.put(root, "/opt/moonfire-nvr/docker-compose.yml", text)
    found = planned(root)
    service = yaml.safe_load(found["override"])["services"]["moonfire-nvr"]
    assert service["extra_hosts"] in (["cam1:192.168.1.9"], ["cam1=192.168.1.9"])


BLOG = """\
  server { listen 443 ssl; server_name blog.example.com; ssl_certificate /c; ssl_certificate_key /k;
           location / { proxy_pass http://localhost:3000; } }
"""
FILES = "  server { listen 80; server_name files.example.com; root /var/www; }\n"


def with_site(root: Path, text: str) -> Path:
    host_trees.secured(host_trees.compose(root))
    config = host_trees.NGINX.replace("http {\n", f"http {{\n{text}")
    host_trees.put(root, "/etc/nginx/nginx.conf", config)
    return root


def test_another_site_of_the_same_nginx_blocks_until_it_is_carried(root: Path) -> None:
    with_site(root, BLOG)
    found = planned(root, code=1)
    assert codes(found["blockers"]) == ["nginx-other-site"]
    assert "--carry-sites" in found["blockers"][0]["hint"]
    lan = ("--set", "network.lan_address=192.168.1.5")
    carried = planned(root, "--carry-sites", *lan)
    assert carried["blockers"] == []
    (site,) = tomllib.loads(carried["settings"])["sites"]
    assert (site["domain"], site["upstream"]) == ("blog.example.com", "http://192.168.1.5:3000")


def test_a_site_on_a_socket_and_an_unusual_port_is_moonfires(root: Path) -> None:
    host_trees.secured(host_trees.systemd(root))
    socket = "http://unix:/var/lib/moonfire-nvr/sock:/"
    config = host_trees.NGINX.replace("http://127.0.0.1:8080", socket)
    assert socket in config
    host_trees.put(root, "/etc/nginx/nginx.conf", config.replace("443 ssl", "8443 ssl"))
    found = planned(root)
    assert found["blockers"] == []
    assert "public-port" in codes(found["warnings"])
    site = tomllib.loads(found["settings"])["site"]
    assert (site["domain"], site["https_port"]) == ("nvr.example.com", 8443)


@pytest.mark.parametrize(
    ("backend", "file", "text"),
    [
        ("http://moonfire:8080", "/etc/hosts", "127.0.0.1 localhost moonfire\n"),
        ("http://192.168.7.7:8080", "/etc/hosts", "192.168.7.7 nvr-box\n"),
        (
            "http://192.168.7.7:8080",
            "/proc/net/fib_trie",
            "Local:\n     +-- 192.168.7.0/24 2 0 2\n   |-- 192.168.7.7\n      /32 host LOCAL\n",
        ),
        ("http://nvr-box:8080", "/etc/hosts", "192.168.7.7 nvr-box\n"),
    ],
)
def test_every_name_and_address_of_the_host_leads_to_its_moonfire(
    root: Path, backend: str, file: str, text: str
) -> None:
    host_trees.secured(host_trees.compose(root))
    host_trees.put(root, "/etc/hostname", "nvr-box\n")
    config = host_trees.NGINX.replace("http://127.0.0.1:8080", backend)
    host_trees.put(root, "/etc/nginx/nginx.conf", config)
    host_trees.put(root, file, text)
    found = planned(root)
    assert found["blockers"] == []
    assert tomllib.loads(found["settings"])["site"]["short_names"] == ["nvr"]


@pytest.mark.parametrize("kind", ["link", "copy", "other"])
def test_a_link_to_certbots_certificate_or_a_copy_goes_on_being_renewed(
    root: Path, kind: str
) -> None:
    host_trees.secured(host_trees.compose(root))
    live = "/etc/letsencrypt/live/nvr.example.com"
    config = host_trees.NGINX.replace(live, "/etc/nginx/ssl")
    host_trees.put(root, "/etc/nginx/nginx.conf", config)
    if kind == "link":
        (root / "etc/nginx/ssl").symlink_to(live)
    else:
        pem = (root / live.strip("/") / "cert.pem").read_text()
        host_trees.put(root, "/etc/nginx/ssl/fullchain.pem", pem if kind == "copy" else "mine")
    found = planned(root)
    stack = tomllib.loads(found["settings"])["stack"]
    assert stack == ("own-certificate" if kind == "other" else "public")
    assert ("certificates" in [step["id"] for step in found["steps"]]) == (kind != "other")


def test_credentials_of_a_dns_provider_come_along_and_are_not_told(root: Path) -> None:
    host_trees.secured(host_trees.compose(root))
    renewal = host_trees.RENEWAL.replace(
        "authenticator = nginx",
        "authenticator = dns-cloudflare\ndns_cloudflare_credentials = /root/cf.ini",
    )
    host_trees.put(root, "/etc/letsencrypt/renewal/nvr.example.com.conf", renewal)
    assert "dns_credentials is missing" in planned(root, code=1)["blockers"][0]["message"]
    host_trees.put(root, "/root/cf.ini", "dns_cloudflare_api_token = s3cret\n")
    found = planned(root)
    assert found["blockers"] == []
    certificate = tomllib.loads(found["settings"])["certificate"]
    assert (certificate["challenge"], certificate["dns_provider"]) == ("dns-01", "cloudflare")
    assert {"certificates", "renewals"} <= {step["id"] for step in found["steps"]}
    assert not {"certbot-left", "certbot-plugin"} & set(codes(found["warnings"]))
    # Those of one provider are of no use with another.
    another = planned(root, "--set", "certificate.dns_provider=desec", code=1)
    assert "dns_credentials is missing" in another["blockers"][0]["message"]
    assert "s3cret" not in plan(root).stdout + plan(root, "--json").stdout


def test_what_else_runs_certbot_or_runs_with_it_is_named(root: Path) -> None:
    host_trees.secured(host_trees.compose(root))
    quiet = planned(root)
    host_trees.put(root, "/etc/crontab", "# certbot is by the timer\n1 1 * * * root true\n")
    assert planned(root) == quiet
    host_trees.put(root, "/etc/letsencrypt/renewal-hooks/deploy/mail.sh", "#!/bin/sh\n")
    host_trees.put(root, "/etc/letsencrypt/cli.ini", "deploy-hook = systemctl reload postfix\n")
    host_trees.put(root, "/var/spool/cron/crontabs/root", "5 3 * * 1 certbot renew -q\n")
    host_trees.put(root, "/etc/cron.d/mine", "5 3 * * 1 root /usr/bin/certbot renew\n")
    told = [w["message"] for w in planned(root)["warnings"] if w["code"].startswith("certbot-")]
    assert [message.partition(" runs ")[0] for message in told] == [
        "/etc/letsencrypt/renewal-hooks/deploy/mail.sh",
        "deploy-hook of /etc/letsencrypt/cli.ini (systemctl reload postfix)",
        "/var/spool/cron/crontabs/root",
        "/etc/cron.d/mine",
    ]


def test_a_backend_that_nobody_knows_is_asked_about(root: Path) -> None:
    host_trees.secured(host_trees.compose(root))
    config = host_trees.NGINX.replace("http://127.0.0.1:8080", "http://elsewhere:8080")
    host_trees.put(root, "/etc/nginx/nginx.conf", config)
    (blocker,) = planned(root, "--carry-sites", code=1)["blockers"]
    assert blocker["code"] == "nginx-backend-unknown"
    assert "passes nvr.example.com to http://elsewhere:8080, which is not" in blocker["message"]


def test_sites_in_a_linked_directory_are_seen(root: Path) -> None:
    with_site(root, "include sites-enabled/*;\n")
    host_trees.put(root, "/home/pi/git/sites/blog", BLOG)
    (root / "etc/nginx/sites-enabled").symlink_to("/home/pi/git/sites")
    assert codes(planned(root, code=1)["blockers"]) == ["nginx-other-site"]


def test_a_site_of_files_blocks_in_any_case(root: Path) -> None:
    found = planned(with_site(root, FILES), "--carry-sites", code=1)
    assert codes(found["blockers"]) == ["nginx-other-site"]
    assert "another home" in found["blockers"][0]["hint"]


def test_a_carried_site_that_only_this_machine_reaches_is_named(root: Path) -> None:
    with_site(root, BLOG)
    host_trees.put(
        root,
        "/proc/net/tcp",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0"
        "        0 4242 1\n",
    )
    found = planned(root, "--carry-sites", "--set", "network.lan_address=192.168.1.5")
    assert "site-on-loopback" in codes(found["warnings"])


def test_an_account_that_the_move_makes_settles_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    host_trees.systemd(host_trees.host(root, users=False))
    password = tmp_path / "password"
    password.write_text("correct horse 5tapl3\n")
    given = ("--first-user", "ann", "--secret-file", f"first_user_password={password}")
    found = planned(root, *given)
    assert found["blockers"] == []
    ids = [step["id"] for step in found["steps"]]
    assert ids.index("takeover") < ids.index("account") < ids.index("verify")
    assert "correct horse" not in plan(root, *given).stdout
    assert plan(root, "--first-user", "ann").code == 2


def test_another_address_of_this_machine_is_nobodys_trouble(root: Path) -> None:
    host_trees.put(
        root,
        "/proc/net/tcp",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        "   0: 0A6433C6:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0"
        "        0 4242 1\n",
    )
    host_trees.systemd(root)
    assert codes(planned(root, code=1)["blockers"]) == ["port-taken"]
    assert planned(root, "--set", "site.bind=198.51.100.11")["blockers"] == []
    assert codes(planned(root, "--set", "site.bind=198.51.100.10", code=1)["blockers"]) == [
        "port-taken"
    ]


def test_variables_in_files_of_the_host_are_carried(root: Path) -> None:
    host_trees.put(root, "/etc/default/nvr", "TZ=Asia/Tokyo\nMOONFIRE_LOG=debug\n")
    env_file, samples = "--env-file=/etc/default/nvr", "-v=/media/nvr:/media/nvr"
    text = script((*BASE, env_file, samples, HOST), NAMED)
    host_trees.put(root, "/usr/local/bin/nvr", text)
    found = planned(root)
    assert found["blockers"] == []
    assert found["install"]["environment"]["MOONFIRE_LOG"] == "debug"
    assert tomllib.loads(found["settings"])["moonfire"]["timezone"] == "Asia/Tokyo"


def test_what_nobody_will_notice_is_one_line(root: Path) -> None:
    options = ("--privileged=false", "--cap-add=SYS_NICE")
    text = script((*BASE, "-v=/media/nvr:/media/nvr", HOST, *options), NAMED, restart="always")
    host_trees.put(root, "/usr/local/bin/nvr", text)
    told = plan(root).stdout
    assert "  - as before, or by another name: image, name, env, detach, privileged\n" in told
    assert "restart always: replaced, by restart: unless-stopped" in told
    assert "cap-add SYS_NICE: not carried" in told


def test_the_new_project_is_not_called_as_the_old_one(root: Path) -> None:
    host_trees.compose(root)
    words = ("plan", "--root", root, "--no-docker", "--json")
    found = nvrstack("migrate", root.parent / "moonfire-nvr", *words).json()
    assert found["blockers"] == []
    assert tomllib.loads(found["settings"])["project"]["name"] == "nvrstack"
    chosen = ("--set", "project.name=moonfire-nvr")
    refused = nvrstack("migrate", root.parent / "moonfire-nvr", *words, *chosen).json()
    assert codes(refused["blockers"]) == ["project-name-taken"]
    assert "--set project.name=NAME" in refused["blockers"][0]["hint"]
