"""Where Docker's engines and Composes differ, so that the oldest supported one is tested there too.

Every end-to-end test runs on the newest engine that Debian has; these run on the oldest as well.
"""

from collections.abc import Mapping

DIFFER: Mapping[str, str] = {
    "tests/e2e/test_engine.py": "that these are the releases which nvrstack says it supports",
    "tests/e2e/test_isolation.py": "networks: since 28, what is routed into them is dropped",
    "tests/e2e/test_proxy.py": "client addresses: as what they reach nginx by published ports",
    "tests/e2e/test_lan.py": "the firewall: which of Docker's chains a packet passes",
    "tests/e2e/test_hardening.py": "users, capabilities, read-only roots and limits of containers",
    "tests/e2e/test_start_orders.py": "restart policies, and the order in which containers come up",
    "tests/e2e/test_healing.py": "restarts after a crash of a container and of the engine itself",
    "tests/e2e/test_moving.py::test_a_move_and_back": "what is told and kept of a container",
    "tests/e2e/test_moving.py::test_an_engine_that_ends_in_the_middle": "its policies, changed",
    "tests/contract/test_compose_config.py": "options of Compose: the oldest knows fewer",
}
"""Tests, and why an older engine or Compose might do otherwise."""
