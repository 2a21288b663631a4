"""Verdicts on gathered facts. Pure: no disk, no network, no clock."""
