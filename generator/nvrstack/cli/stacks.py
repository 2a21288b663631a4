"""`nvrstack stacks`: what each stack is for."""

import typer

from nvrstack.cli.console import Console


def stacks(context: typer.Context) -> None:
    """List the stacks: what each is for, its services and the settings it needs."""
    import textwrap

    from nvrstack.stacks import load_stacks

    console: Console = context.obj
    loaded = load_stacks().values()
    paragraphs = []
    for stack in loaded:
        needs = ", ".join(stack.requires) or "nothing"
        description, runs = " ".join(stack.description.split()), ", ".join(stack.services)
        body = f"{description} Needs {needs}. Runs {runs}."
        indented = textwrap.fill(body, 92, initial_indent="  ", subsequent_indent="  ")
        paragraphs.append(f"{stack.name}: {stack.title}\n{indented}")
    data = {"stacks": [stack.model_dump(mode="json", exclude={"defaults"}) for stack in loaded]}
    console.result(data, "\n\n".join(paragraphs))
