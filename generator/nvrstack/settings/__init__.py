"""The model of `nvrstack.toml`, its validation, and the text that `init` writes."""

SETTINGS = "nvrstack.toml"
"""The one file that a person edits, in the project directory."""
