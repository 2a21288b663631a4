"""The page from which a phone installs the local authority's root."""

import re
from html.parser import HTMLParser

import pytest
import segno

from nvrstack.rendering.quoting import qr_code
from nvrstack.rendering.render import Material, render
from nvrstack.settings.model import Settings
from tests.unit.samples import NAMES, STACKS, secrets_for, settings_for

PAGE = "nginx/install.html"


class Parsed(HTMLParser):
    """The text, the links and the elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def page(settings: Settings) -> str:
    return render(settings, STACKS[settings.stack])[PAGE].content.decode()


@pytest.mark.parametrize("stack", NAMES)
def test_there_is_a_page_for_the_local_authority_alone(stack: str) -> None:
    files = render(settings_for(stack), STACKS[stack], Material(secrets_for(stack)))
    assert (PAGE in files) == (stack == "lan")


def test_the_page_names_what_the_root_is_for_and_where_to_get_it() -> None:
    change = {
        "site": {
            "aliases": ["cameras.home.arpa"],
            "redirects": ["old.home.arpa"],
            "https_port": 8443,
        }
    }
    parsed = Parsed(page(settings_for("lan", change)))
    assert parsed.links == ["/root.crt", "/root.pem", "https://nvr.home.arpa:8443/"]
    assert "It can vouch for nvr.home.arpa, cameras.home.arpa, old.home.arpa only." in parsed.text
    assert "script" not in parsed.tags


def test_names_are_text_and_nothing_else() -> None:
    settings = settings_for("lan")
    # Without what nginx's own configuration refuses already.
    odd = "<script>alert(1)</script>&lt"
    site = settings.site.model_copy(update={"aliases": (odd,)})
    parsed = Parsed(page(settings.model_copy(update={"site": site})))
    assert "script" not in parsed.tags
    assert f"It can vouch for nvr.home.arpa, {odd} only." in parsed.text


def matrix_of(svg: str) -> set[tuple[int, int]]:
    """The dark modules that an SVG's path draws: lines of a module's width, each in a row."""
    (path,) = re.findall(r' d="([^"]+)"', svg)
    dark: set[tuple[int, int]] = set()
    x, y = 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([^Mmh]*)", path):
        values = [float(number) for number in re.findall(r"-?[0-9]*\.?[0-9]+", numbers)]
        if command == "M":
            x, y = values
        elif command == "m":
            x, y = x + values[0], y + values[1]
        else:
            dark |= {(int(x) + step, int(y)) for step in range(int(values[0]))}
            x += values[0]
    return dark


@pytest.mark.parametrize(
    ("change", "url"),
    [
        ({}, "http://nvr.home.arpa/install"),
        ({"site": {"http_port": 8080}}, "http://nvr.home.arpa:8080/install"),
    ],
)
def test_the_code_leads_to_this_page(change: dict[str, dict[str, int]], url: str) -> None:
    text = page(settings_for("lan", change))
    (svg,) = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert svg == qr_code(url)
    # Phones read QR codes, and of micro ones hardly any; around them they need a quiet zone.
    code = segno.make_qr(url)
    border = code.default_border_size
    assert border == 4
    assert matrix_of(svg) == {
        (x + border, y + border)
        for y, row in enumerate(code.matrix)
        for x, module in enumerate(row)
        if module
    }
