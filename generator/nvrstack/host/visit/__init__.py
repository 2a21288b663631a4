"""Visits the page as a browser does, and looks whether back doors are open."""
