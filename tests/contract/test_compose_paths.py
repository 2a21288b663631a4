"""No path breaks out of its place in `compose.yaml`."""

import tempfile
from pathlib import Path, PurePosixPath

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from nvrstack.settings.values import absolute_path
from tests.contract import composed
from tests.contract.rendered import project, settings_for, write
from tests.examples import examples

TRICKY = st.sampled_from([*"$${}\"'\\ :#,%-!&*?|>@`~[]<=\u2028é💾", "${A}", "{{", "%}", "\\u0041"])
NAME = st.lists(
    st.one_of(TRICKY, st.characters(exclude_characters="/", exclude_categories=["Cc", "Cs"])),
    min_size=1,
    max_size=12,
).map("".join)


def accepted(path: str) -> bool:
    """Whether the settings take this path at all."""
    try:
        absolute_path(path)
    except PydanticCustomError:
        return False
    return True


PATHS = st.lists(NAME, min_size=1, max_size=3).map(lambda names: "/".join(["/mnt", *names]))


@examples(30, suppress_health_check=[HealthCheck.too_slow])
@given(
    samples=st.lists(PATHS.filter(accepted), min_size=3, max_size=8),
    state=PATHS.filter(accepted),
)
def test_any_path_arrives_literally(samples: list[str], state: str) -> None:
    # Directories that lie within each other are refused, so each gets one of its own.
    numbered = [
        str(PurePosixPath(path.replace("/mnt/", f"/mnt/{index}/", 1)))
        for index, path in enumerate(samples)
    ]
    state = str(PurePosixPath(state.replace("/mnt/", "/srv/", 1)))
    change = {"moonfire": {"sample_dirs": numbered, "state_dir": state}}
    settings_for("lan", change)
    with tempfile.TemporaryDirectory() as folder:
        write(project(Path(folder), "lan", change))
        services = composed.values(Path(folder))["services"]
    found = composed.mounts(services["moonfire-nvr"])
    assert set(found) == {
        "/etc/nvrstack/moonfire",
        "/usr/share/zoneinfo",
        "/var/lib/moonfire-nvr",
        *numbered,
    }
    assert found["/var/lib/moonfire-nvr"] == state
    assert all(found[path] == path for path in numbered)
