"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="A setting, such as site.domain=nvr.example.com.", metavar="KEY=VALUE"
    ),
]
SecretFile = Annotated[
    list[str] | None,
    typer.Option(help="A file with a secret, such as ddns_password=FILE.", metavar="NAME=PATH"),
]
AnswersFile = Annotated[
    Path | None,
    typer.Option(help="A file in the form of nvrstack.toml; it may say less.", metavar="FILE"),
]
FirstUser = Annotated[
    str | None,
    typer.Option(
        help="Make this account; needs --secret-file first_user_password=FILE.", metavar="NAME"
    ),
]
Mine = Annotated[
    bool, typer.Option("--mine", help="In a conflict, keep the file as you edited it.")
]
Theirs = Annotated[bool, typer.Option("--theirs", help="In a conflict, take the rendered file.")]
