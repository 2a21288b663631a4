"""Units of systemd, as systemd reads them."""
