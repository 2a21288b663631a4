"""The wrapper script `nvr`, read but never run."""
