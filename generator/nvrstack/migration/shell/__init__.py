"""Bash scripts, understood without running them: which commands would be called, with what."""
