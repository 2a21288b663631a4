"""Tests for a host on which systemd is the first process: see `contract/test_units.py`."""
