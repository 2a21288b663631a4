"""The host's systemd."""
