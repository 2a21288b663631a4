"""What may be found while settings are proposed."""

from nvrstack.migration.findings import blocker, warning

# fmt: off
STATE_NOT_MOUNTED = blocker("state-not-mounted",
    "nothing of this host is mounted at {path}, where Moonfire keeps its database",
    "check that this is the install in use: what it recorded is inside its container")
STATE_IN_VOLUME = blocker("state-in-volume",
    "Moonfire keeps its database in the Docker volume {name}, not in a directory",
    "stop Moonfire, copy the volume to {path} with cp -a, mount that instead, and plan again")
STATE_APART = blocker("state-apart",
    "the database is in {database}, and the project mounts one directory at {state}, which has the "
    "database in a directory called db and nothing that is not Moonfire's",
    "stop Moonfire, make such a directory, move {database} there as db, mount the new directory at "
    "{state} and nothing at {target}, start Moonfire, and plan again")
DATABASE_INSIDE = blocker("state-apart",
    "the database has a mount of its own, {database}, inside of that of {state}, and the project "
    "mounts one directory alone",
    "stop Moonfire, add `{database} {place}/db none bind 0 0` to /etc/fstab, run mount -a, take "
    "the container's mount at {target} away, start Moonfire, and plan again")
STATE_ABOVE_DATABASE = warning("state-above-database",
    "only the database was mounted, from {database}; the project mounts {state} with all that is "
    "in it",
    "if it has more than Moonfire's files, give these a directory of their own first")
USER_UNKNOWN = blocker("user-unknown",
    "whom Moonfire runs as could not be told",
    "give the numbers with --set moonfire.uid=UID --set moonfire.gid=GID")
NO_DOMAIN = warning("no-domain",
    "nothing on this host tells a domain, so the plan is for your home network alone, with a "
    "certificate of its own for {domain}",
    "to reach it from outside, add --stack router-ddns --set site.domain=YOUR.DOMAIN")
DOMAIN_GUESSED = warning("domain-guessed",
    "this host has the names {names}; the first is taken",
    "give the one for your cameras with --set site.domain=NAME")
PUBLIC_PORT = warning("public-port",
    "whether people write :{port} behind your domain could not be told",
    "if they do, add --set site.public_https_port={port}; if your router forwards its port 443 "
    "there, all is well")
DDNS_LEFT = warning("ddns-left",
    "this host's ddclient goes on updating your name: a project with a certificate of your own "
    "has none",
    "leave its service running")
CERTBOT_LEFT = warning("certbot-left",
    "the host's certbot goes on renewing {left}, which the project has no use for",
    "if its challenge needs port 80, that now belongs to the project's nginx; remove what "
    "nobody uses with certbot delete")
