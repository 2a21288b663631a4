"""Moonfire's files on this host: database, accounts, recordings."""
