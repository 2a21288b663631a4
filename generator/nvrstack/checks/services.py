"""How the services stand, as the engine tells."""

from collections.abc import Iterator, Mapping

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.surroundings import Service


def service_verdicts(
    expected: tuple[str, ...], found: Mapping[str, Service] | None
) -> Iterator[Verdict]:
    """One verdict for each service of the stack; `found` is None when no engine could be asked."""
    for name in expected:
        if found is None:
            yield Verdict(name, Level.UNKNOWN, "could not be told: no Docker Engine answers")
            continue
        service = found.get(name)
        if service is None or service.state != "running":
            state = service.state if service else "not there"
            yield Verdict(name, Level.PROBLEM, state, "docker compose up -d")
        elif service.health == "unhealthy":
            told = f"unhealthy: {service.told}" if service.told else "unhealthy"
            yield Verdict(name, Level.PROBLEM, told, f"docker compose logs {name}")
        elif service.health == "starting":
            yield Verdict(name, Level.FINE, "running, its health is not known yet")
        else:
            yield Verdict(name, Level.FINE, service.health or "running")
