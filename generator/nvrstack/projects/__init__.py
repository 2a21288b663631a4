"""A project as a whole: read, created, looked at."""
