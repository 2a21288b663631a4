"""Tests, and the test bed that they run on."""
