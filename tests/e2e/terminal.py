"""A person at a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pexpect

from tests.e2e.project import NVRSTACK, Project


def typed(
    project: Project,
    command: str,
    answers: Mapping[str, str],
    meanwhile: Callable[[], object] = lambda: None,
) -> str:
    """Type a command; answer its prompts, `meanwhile` at the first one; return what was shown."""
    path = f"{NVRSTACK.parent}:{project.world.bed.env['PATH']}"
    environment = {**project.world.bed.env, "PATH": path, "NO_COLOR": "1"}
    shell = pexpect.spawn(
        "/bin/sh", ["-c", command], env=environment, cwd="/", timeout=60, encoding="utf-8"
    )
    shown = ""
    for number, (prompt, answer) in enumerate(answers.items()):
        shell.expect_exact(prompt)
        shown += shell.before or ""
        if number == 0:
            meanwhile()
        shell.sendline(answer)
    shell.expect(pexpect.EOF)
    shell.close()
    shown += shell.before or ""
    assert shell.exitstatus == 0, shown
    return shown
