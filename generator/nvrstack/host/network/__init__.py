"""The network around the host: addresses, names, the router."""
