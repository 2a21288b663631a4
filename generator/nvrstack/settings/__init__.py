"""The model of `nvrstack.toml`, its validation, and the text that `init` writes."""
