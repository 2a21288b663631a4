"""What else of the host belongs to an install: certificates, dynamic DNS, ports, firewall."""
