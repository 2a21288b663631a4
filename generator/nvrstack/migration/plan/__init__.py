"""The plan of a move: settings, steps, findings, and how they are told."""
