"""Carries out a planned move: step, journal, step, and the way back."""
