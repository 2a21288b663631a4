"""The text of `nvrstack.toml` that `init` writes: every setting, with a comment."""

from nvrstack.rendering.quoting import quote_toml
from nvrstack.rendering.templates import environment
from nvrstack.services.dns_providers import dns_providers
from nvrstack.services.providers import providers
from nvrstack.settings.model import Settings


def settings_text(settings: Settings) -> str:
    """`settings` as TOML that reads back as the same settings."""
    template = environment().get_template("nvrstack.toml.j2")
    return template.render(
        s=settings,
        optional=_optional,
        providers=tuple(providers()),
        dns_providers=tuple(dns_providers()),
    )


def _optional(key: str, value: object, example: object) -> str:
    """A line for a setting that may be absent: commented out with an example when it is."""
    if value is None:
        return f"# {key} = {quote_toml(example)}"
    return f"{key} = {quote_toml(value if isinstance(value, int) else str(value))}"
