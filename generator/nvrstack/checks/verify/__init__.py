"""The guide's last page, "Verify it works": each point a verdict on what a visit saw."""
