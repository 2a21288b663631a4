"""Moonfire's own configuration, database and versions."""
