"""Moonfire NVR behind https, as a plain Docker Compose project."""

__version__ = "0.1.0"
