"""The steps of a move, in the order that leaves the smallest gap without recording.

All that can be done beforehand is done while the old Moonfire records: even the new one is started,
and waits for the lock that the old one holds on the database. So there is no moment at which a
power cut leaves nobody to record: either of the two comes back by itself, and the lock sees to it
that never both do.
"""

from dataclasses import dataclass

from nvrstack.migration.plan.move import Move


@dataclass(frozen=True)
class Step:
    """One step: `title` says what is done, `undo` what a rollback does, None where nothing is left.

    Ids are stable; the journal holds them.
    """

    id: str
    title: str
    undo: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """The value as `nvrstack migrate plan --json` prints it."""
        return {"id": self.id, "title": self.title, "undo": self.undo}


def steps(move: Move) -> tuple[Step, ...]:
    """What a move does, from the first check to the new `nvr` command. Pure."""
    return (
        Step("preflight", "Check that this host is still as it was when the move was planned"),
        _backup(move),
        Step(
            "project",
            f"Write the project into {move.project}",
            f"Set the project's files aside, in {move.project}/.nvrstack",
        ),
        *_renewals(move),
        *_certificates(move),
        Step(
            "images",
            "Fetch the images, and make the containers without starting them",
            "Remove the containers and their networks; the images stay",
        ),
        Step(
            "rehearse",
            "Try nginx's configuration, and Moonfire's on an empty database of its own",
        ),
        *_host_pieces(move),
        Step(
            "front",
            "Start the project's services without Moonfire, and see that nginx answers",
            "Stop the project's services",
        ),
        *_moonfire(move),
        *_account(move),
        Step("verify", "Prove that the new system works, over https and with its certificate"),
        *_command(move),
    )


def _backup(move: Move) -> Step:
    nginx = move.nginx
    unit_files = ", ".join(move.units)
    kept = [
        "the nvr script" if move.script else "",
        "Moonfire's configuration" if move.config else "",
        "the container's definition" if move.has_container else "",
        f"the unit files of {unit_files}" if unit_files else "",
        *([str(file) for file in nginx.site_files] or ["/etc/nginx"] if nginx else []),
        *map(str, move.renewal_files),
    ]
    listed = ", ".join(filter(None, kept))
    return Step("backup", f"Keep copies of {listed} in {move.project}/.nvrstack")


def _certificates(move: Move) -> tuple[Step, ...]:
    if not move.certificates:
        return ()
    names = ", ".join(certificate.source for certificate in move.certificates)
    return (
        Step(
            "certificates",
            f"Copy certbot's certificates and accounts of {names} into the project",
            "Set the copies aside with the project's files",
        ),
    )


def _renewals(move: Move) -> tuple[Step, ...]:
    units = move.with_triggers(*move.renewal_units)
    what = ", ".join([*units, *map(str, move.renewal_files)])
    step = Step("renewals", f"Stop the host's certificate renewals ({what})", "Start them again")
    return (step,) if what else ()


def _host_pieces(move: Move) -> tuple[Step, ...]:
    found = []
    if move.ddclient_units:
        what = ", ".join(move.with_triggers(*move.ddclient_units))
        found.append(Step("ddclient", f"Stop and disable the host's {what}", "Start it again"))
    if move.nginx and move.nginx.site_files:
        what = ", ".join(map(str, move.nginx.site_files))
        found.append(
            Step(
                "nginx",
                f"Take {what} out of the host's nginx and reload it",
                "Put the files back and reload nginx",
            )
        )
    elif move.nginx:
        what = ", ".join(move.with_triggers(move.nginx.unit))
        found.append(Step("nginx", f"Stop and disable the host's {what}", "Start it again"))
    return tuple(found)


def _moonfire(move: Move) -> tuple[Step, ...]:
    old = f"the container {move.install.container_name}"
    if move.unit is not None:
        old = " and ".join(move.with_triggers(move.unit))
    found = [
        Step(
            "standby",
            "Start the new Moonfire, which waits for the database while the old one records",
            "Stop the new Moonfire and remove its container",
        ),
        _takeover(move, old),
    ]
    if move.has_container:
        found.append(
            Step(
                "rename",
                f"Keep the old container as {move.kept_name}, to go back to",
                f"Give it its name {move.install.container_name} again",
            )
        )
    return tuple(found)


def _takeover(move: Move, old: str) -> Step:
    what, back = "copy the database", ""
    if move.upgrades_schema:
        what = "keep a copy of the database and upgrade it"
        back = ", put the copy back without what was recorded since"
    return Step(
        "takeover",
        f"Stop {old} (up to 90 seconds), {what}, let the new Moonfire record",
        f"Stop the new Moonfire{back} and start {old} again, as it was",
    )


def _account(move: Move) -> tuple[Step, ...]:
    if move.first_user is None:
        return ()
    return (Step("account", f"Make the account {move.first_user}, for everybody has to sign in"),)


def _command(move: Move) -> tuple[Step, ...]:
    if move.script is None:
        return ()
    return (
        Step(
            "command",
            f"Replace {move.script} by one for the project, with the same words",
            "Put the old script back",
        ),
    )
