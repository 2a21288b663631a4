"""Gathers what a host shows of its installs, and what belongs to them. Nothing is changed."""
