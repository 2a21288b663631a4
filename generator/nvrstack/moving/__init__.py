"""The execution of a move: what each of its steps does to this host, and takes back."""
