"""`nvrstack template`: a project's own templates in the place of shipped ones."""

from typing import Annotated

import typer

from nvrstack.cli.console import EPILOG, Console

app = typer.Typer(
    help="Templates of your own in the place of shipped ones.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list", epilog=EPILOG)
def list_templates(context: typer.Context) -> None:
    """List the shipped templates."""
    from nvrstack.rendering.templates import shipped_templates

    console: Console = context.obj
    names = shipped_templates()
    console.result({"templates": list(names)}, "\n".join(names))


@app.command("copy", epilog=EPILOG)
def copy(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A name from `nvrstack template list`.")],
) -> None:
    """Copy a shipped template into the project, where it takes that one's place."""
    from nvrstack.projects.own_templates import copy_template

    console: Console = context.obj
    target = copy_template(console.find_project(), name)
    console.result(
        {"template": name, "file": target}, f"{target} is yours now. Edit it, then: nvrstack render"
    )
