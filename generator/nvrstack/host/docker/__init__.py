"""The Docker Engine of this host."""
