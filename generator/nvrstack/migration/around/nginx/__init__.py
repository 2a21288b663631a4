"""The host's nginx: what it serves, and what becomes of each site."""
