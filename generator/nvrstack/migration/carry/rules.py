"""What may be found while the options of an install are accounted for."""

from nvrstack.migration.findings import blocker, warning

# fmt: off
FIXED_ADDRESS = blocker("fixed-address",
    "Moonfire has the address {address} in the network {name}, and in a move the new container is "
    "started while the old one still has it",
    "start Moonfire anew without it (ipv4_address in a compose file, --ip in a script), and plan "
    "again; after the move it may go into the project's compose.override.yaml")
NETWORK_OF_OLD_PROJECT = warning("network-of-old-project",
    "the network {name} ({driver}) belongs to the old compose file, and Moonfire stays in it",
    "leave it there: docker compose down with the old file would try to remove it")
