"""The only room that touches the machine: files, sockets, the Docker Engine."""
