"""Compose files, as Compose reads them."""
