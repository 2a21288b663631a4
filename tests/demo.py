"""`make demo`: the stack "lan" in ./demo, checked by every real tool here, running if it can.

It listens on this machine's loopback address alone, on ports of its own, and keeps everything
below ./demo.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DEMO = Path("demo")
USER = "demo"
DOMAIN = "nvr.home.arpa"
HTTPS_PORT = 8443
HTTP_PORT = 8880
MARK = 'name = "nvrstack-demo"'
SETTINGS = (
    f"site.domain={DOMAIN}",
    "site.bind=127.0.0.1",
    f"site.http_port={HTTP_PORT}",
    f"site.https_port={HTTPS_PORT}",
    "project.name=nvrstack-demo",
    "moonfire.state_dir=data/moonfire",
    "moonfire.timezone=Etc/UTC",
)
NGINX_NEEDED = (1, 25, 1)


def run(*command: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a program, its output caught."""
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def remove_old_demo() -> None:
    """Make room for a new demo; refuse a ./demo that is something else."""
    if not DEMO.exists():
        return
    settings = DEMO / "nvrstack.toml"
    if not settings.is_file() or MARK not in settings.read_text(encoding="utf-8"):
        sys.exit("./demo is there already and is not a former demo: move it away, then try again")
    if shutil.which("docker"):
        run("docker", "compose", "--project-directory", str(DEMO), "down", "--timeout", "10")
    shutil.rmtree(DEMO)


def render(password: str) -> str | None:
    """Let `nvrstack init` make the project. Why it could not make all of it, or None."""
    with tempfile.NamedTemporaryFile("w") as secret:
        secret.write(password)
        secret.flush()
        words = [str(Path(sys.executable).with_name("nvrstack")), "init", str(DEMO), "--json"]
        words += ["--stack", "lan", "--first-user", USER]
        words += ["--secret-file", f"first_user_password={secret.name}"]
        words += [word for setting in SETTINGS for word in ("--set", setting)]
        done = run(*words, timeout=1800)
    answer = json.loads(done.stdout)
    if not (DEMO / "compose.yaml").is_file():
        sys.exit(f"{answer['error']}\n{answer['hint']}")
    print(f"nvrstack init rendered the stack lan into ./{DEMO}:")
    for path in sorted(p for p in DEMO.rglob("*") if p.is_file() and "data" not in p.parts):
        if ".nvrstack" not in path.parts:
            print(f"  {path.stat().st_mode & 0o777:04o} {path}")
    return answer["error"] if done.returncode else "; ".join(answer["notes"]) or None


def validate() -> None:
    """Hold the project against every program that is here to judge it."""
    print("\nChecked by the real programs on this machine:")
    check("docker compose config", compose_verdict())
    check("nginx -t", nginx_verdict())
    check("openssl verify", openssl_verdict())


def check(name: str, verdict: str) -> None:
    """Print one verdict; stop at a bad one."""
    print(f"  {name}: {verdict.strip()}")
    if verdict.startswith("FAILED"):
        sys.exit(1)


def verdict_of(done: subprocess.CompletedProcess[str]) -> str:
    """The verdict that an exit code and messages amount to."""
    return "accepted" if done.returncode == 0 else f"FAILED\n{done.stdout}{done.stderr}"


def compose_verdict() -> str:
    """Whether Compose accepts the project."""
    if not shutil.which("docker") or run("docker", "compose", "version").returncode != 0:
        return "not here"
    return verdict_of(run("docker", "compose", "--project-directory", str(DEMO), "config", "-q"))


def nginx_verdict() -> str:
    """Whether a local nginx accepts the configuration, with its paths led into a copy."""
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx is None:
        return "not here"
    version = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", run(nginx, "-v").stderr)
    if version is None or tuple(map(int, version.groups())) < NGINX_NEEDED:
        return "this nginx is older than 1.25.1, which the configuration is written for"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(DEMO / "nginx", copy / "nginx")
        (copy / "run/certificates").mkdir(parents=True)
        local = (DEMO / "tls/local").resolve()
        (copy / "run/certificates/moonfire.conf").write_text(
            f"ssl_certificate {local}/fullchain.pem;\nssl_certificate_key {local}/privkey.pem;\n"
        )
        for path in copy.rglob("*.conf"):
            text = path.read_text(encoding="utf-8")
            text = text.replace("/etc/nvrstack/tls/local", str(local))
            text = text.replace("/etc/nvrstack", folder).replace("/tmp/nginx", f"{folder}/run")
            text = re.sub(r"listen (80|443)\b", r"listen 127.0.0.1:1\1", text)
            path.write_text(text, encoding="utf-8")
        return verdict_of(run(nginx, "-t", "-q", "-c", str(copy / "nginx/nginx.conf")))


def openssl_verdict() -> str:
    """Whether openssl trusts the certificate by the authority's root alone."""
    if not shutil.which("openssl"):
        return "not here"
    tls = DEMO / "tls/local"
    command = ["openssl", "verify", "-CAfile", str(tls / "root.pem"), "-verify_hostname", DOMAIN]
    return verdict_of(run(*command, str(tls / "fullchain.pem")))


def start() -> str | None:
    """Start the project. Why that was not possible, or None."""
    done = run("docker", "compose", "--project-directory", str(DEMO), "up", "-d", timeout=1800)
    return None if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def main() -> None:
    """Run the demo."""
    password = secrets.token_urlsafe(9)
    remove_old_demo()
    problem = render(password)
    validate()
    problem = problem or start()
    if problem:
        print(f"\nNot started: {problem}")
        print(f"The rendered project is in ./{DEMO}; read its README.md and compose.yaml first.")
        return
    print(f"\nRunning: https://{DOMAIN}:{HTTPS_PORT}/  (user {USER}, password {password})")
    print("To see it, try:")
    print(f"  curl --cacert {DEMO}/tls/local/root.pem --resolve {DOMAIN}:{HTTPS_PORT}:127.0.0.1 \\")
    print(f"    https://{DOMAIN}:{HTTPS_PORT}/api/request")
    print(f"Take it down with: docker compose --project-directory {DEMO} down")


if __name__ == "__main__":
    main()
