"""Settings, a stack and templates become a tree of files. Pure functions, no disk."""
