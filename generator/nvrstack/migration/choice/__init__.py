"""Which of the installs that a host shows is the one to move."""
