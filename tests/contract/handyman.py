"""Somebody who does to the files of a project what a remedy says, and knows nothing else.

So a test carries out the very words that a person would read.
"""

import re
from collections.abc import Mapping

SITE, MAIN = "nginx/sites/moonfire.conf", "nginx/nginx.conf"
MOONFIRE = "moonfire/moonfire-nvr.toml"
BACKEND = "172.31.255.3:8080"
"""Moonfire's address on the backend network, as `docker network inspect` would tell."""
SEVERAL = {"proxy_set_header", "add_header", "listen"}
"""Directives that may stand several times, each with another first argument."""
MOZILLA = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
"""What the page that a remedy names shows (guideline 6.0)."""
ANSWERING = r"location [^{]*\{ return \d+; \}\s*"
HTTPS = r"listen 443 ssl[^;]*;\n"

Texts = Mapping[str, str]


def mended(remedy: str, files: Texts, place: str) -> dict[str, str]:
    """Return the files as they are once the remedy is carried out; `place` is the first to see."""
    texts = {place: files[place], **files}
    for before, words in re.findall(r"([^`]*)`([^`]*)`", remedy):
        if remedy.startswith("take ") or before.endswith("remove "):
            texts = {path: _without(text, words) for path, text in texts.items()}
        elif words.startswith("map "):
            texts[MAIN] = _with_map(texts[MAIN], words)
        elif words.endswith(";"):
            texts = _with(texts, words)
        elif " = " in words:
            texts[MOONFIRE] = _with_key(texts[MOONFIRE], *words.split(" = "))
    return _as_told(re.sub(r"`[^`]*`", "", remedy), texts)


def _as_told(plain: str, texts: Texts) -> dict[str, str]:
    """What a remedy says in words, and not in the language of a file."""
    done = dict(texts)
    for word in re.findall(r"\bno ([a-z]+_[a-z_]+)", plain):
        done = {path: _without(text, word) for path, text in done.items()}
    if "nothing but" in plain:
        done = {path: re.sub(r"if \([^)]*\) \{[^}]*\}", "", text) for path, text in done.items()}
    if "Mozilla" in plain:
        done = _with(done, f"ssl_ciphers {MOZILLA};")
    if "instead of redirecting" in plain:
        http, https, rest = re.split(f"({HTTPS})", done[SITE], maxsplit=1)
        done[SITE] = http + https + _without(rest, "return")
    if re.search(r"\bpass (/|every path) to Moonfire", plain):
        done[SITE] = re.sub(ANSWERING, "", done[SITE])
    if "of the backend network alone" in plain:
        done[MOONFIRE] = _with_key(done[MOONFIRE], "ipv4", f'"{BACKEND}"')
    return done


def _key(words: str) -> str:
    name, _, rest = words.rstrip(" …;").partition(" ")
    first = rest.partition(" ")[0]
    return rf"(?<![\w$]){name}\s+{re.escape(first)}" if name in SEVERAL else rf"(?<![\w$]){name}"


def _with(texts: Texts, directive: str) -> dict[str, str]:
    """A directive in the place of the one that it is about, or beside its likes."""
    pattern = rf"{_key(directive)}\s[^;]*;" if " " in directive else _key(directive)
    name = directive.partition(" ")[0]
    for found, put in (
        (pattern, lambda _: directive),
        (rf"(?m)^ *{name} [^;]*;\n", lambda match: f"{match[0]}    {directive}\n"),
        (HTTPS, lambda match: f"{match[0]}    {directive}\n"),
    ):
        for path, text in texts.items():
            if re.search(found, text):
                return {**texts, path: re.sub(found, put, text, count=1)}
    raise AssertionError(f"nobody would know where to put {directive}")


def _without(text: str, words: str) -> str:
    """Without a directive of nginx, or a key of Moonfire's."""
    directive = rf"{_key(words)}(?=[\s;])[^;]*;"
    return re.sub(rf"(?m)^{re.escape(words)} = .*\n", "", re.sub(directive, "", text))


def _with_map(text: str, block: str) -> str:
    made = re.escape(block.partition(" {")[0].split()[-1])
    return re.sub(rf"map \S+ {made} \{{[^}}]*\}}", lambda _: block, text, count=1)


def _with_key(text: str, key: str, value: str) -> str:
    return re.sub(rf"(?m)^{key} = .*$", lambda _: f"{key} = {value}", text)
