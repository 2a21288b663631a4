"""What may be found of certificates, dynamic DNS, ports and firewalls."""

from nvrstack.migration.findings import blocker, warning

# fmt: off
DDNS_LEFT_RUNNING = warning("ddns-left-running",
    "{what}: it is left running, and goes on updating",
    "to let the project do it, add --stack public with the settings ddns.provider, ddns.login "
    "and so on, and disable ddclient.service after the move")
DDNS_OPTIONS = warning("ddns-options",
    "of ddclient.conf, {left} is not carried over",
    "the project's ddclient looks at the address every ddns.interval, and needs little else")
DDNS_CREDENTIALS = warning("ddns-credentials",
    "ddclient signs in to {provider} with another kind of key; nvrstack needs {password}: it is "
    "left running, and goes on updating",
    "to let the project do it, make one, add --stack public {settings} "
    "--secret-file ddns_password=FILE, and disable ddclient.service after the move")
DDNS_PASSWORD = warning("ddns-password",
    "the password is not in ddclient.conf",
    "give it with --secret-file ddns_password={file}")
DDNS_BLANK = warning("ddns-blank",
    "in ddclient.conf, a blank follows the backslash that ends line {number}: it is read as "
    "ddclient does from 4.0 on, as one line with the next",
    "an older ddclient does not, and has not updated what was meant; take the blanks away")
DDNS_UNFINISHED = warning("ddns-unfinished",
    "ddclient.conf ends in a backslash, at line {number}: ddclient waits for a next line, and "
    "reads nothing of this one",
    "if it was to update a name, take the backslash away, and plan again")
DDNS_PROVIDER = warning("ddns-provider",
    "ddclient speaks {protocol} with {server}, which nvrstack does not know",
    'leave it running, with ddns.updater = "none", or use your router')
FIREWALL_BYPASSED = warning("firewall-bypassed",
    "{name} is not asked about ports that Docker publishes: those of the project's nginx are "
    "open to your network whatever its rules say",
    'to narrow that, name this machine\'s address in site.bind, such as ["192.168.1.5"]')
FIREWALL_FORWARD = warning("firewall-forward",
    "{file} drops what is forwarded, and so what comes to a container's ports",
    "accept ports 80 and 443 there too, or the page is reached from nowhere")
FRONT_DOOR_HOLDS = blocker("front-door-holds",
    "{program} ({unit}, {file}) starts at boot and has {ports} of this machine, which the project's"
    " nginx needs{others}",
    "give its other sites, if there are any, another home, stop it for good with systemctl "
    "disable --now {unit}, and plan again: its settings may stay, and are read")
FRONT_DOOR_LEADS = warning("front-door-leads",
    "{program} ({file}) leads to the old Moonfire{names}, and is not changed: after the move it "
    "finds nobody there",
    "take that site out of it, or lead it to port {port} of this machine, by https")
FRONT_DOOR_UNREAD = blocker("front-door-unread",
    "{program} ({file}) leads to Moonfire, under names that are not read",
    "give the one for your cameras with --set site.domain=NAME")
PORT_TAKEN = blocker("port-taken",
    "port {port} is held by {name}, and the project's nginx needs it",
    "stop {name} for good, or choose another port with --set site.{key}=PORT")
PORT_OF_MOONFIRE = blocker("port-of-moonfire",
    "port {port} is the old Moonfire's own, and the project's nginx needs it while that still "
    "records",
    "choose another with --set site.{key}=PORT; after the move this one is free: nvrstack set "
    "site.{key} {port}")
CERTBOT_PATHS = warning("certbot-paths",
    "the certificate {name} is kept in {place}, not in {directory}",
    "a new certificate is asked for instead")
CERTBOT_HOOK = warning("certbot-hook",
    "{key} of {lineage} ({command}) is not carried over: it is a command of the host",
    "the project's nginx notices a new certificate by itself; if another service uses the "
    "certificate, let it watch the file")
CERTBOT_PLUGIN = warning("certbot-plugin",
    "{lineage} was proved by {name}{command}, which the project does not have: the next one is "
    "asked for over http, by port 80 of your router",
    "if that is closed, add --stack dns-challenge --set certificate.dns_provider=PROVIDER "
    "--secret-file dns_credentials=FILE")
CERTBOT_ACCOUNTS = warning("certbot-accounts",
    "certbot has {count} accounts at {server}, and cannot choose",
    "only {account}, the one of {name}, comes along")
CERTBOT_HOOK_ELSEWHERE = warning("certbot-hook",
    "{command} runs on the host when certbot renews, and no longer will",
    "the project's nginx notices a new certificate by itself; if another service uses the "
    "certificate, let it watch the file")
CERTBOT_WILDCARD = warning("certbot-wildcard",
    "{lineage} is for {domains}; only a DNS record can prove a wildcard",
    "the project asks for a certificate of its own for each name, over http")
CERTIFICATE_RENEWED = warning("certificate-renewed",
    "{certificate} is renewed by {program} ({file}), which needs this host's web server for its "
    "challenge: that gives way, and the certificate would expire. The project gets one of its own",
    "take {name} out of what {program} renews after the move")
CERTIFICATE_ENDS = blocker("certificate-ends",
    "{certificate} is renewed by {program} ({file}), which needs this host's web server for its "
    "challenge: that gives way, and the certificate would expire",
    "let the project get its certificate itself, with --stack router-ddns; or let {program} prove "
    "{name} by DNS before the move, and plan again")
CERTIFICATE_SHORT = warning("certificate-short",
    "{certificate} is valid for {days} days, so that something renews it, and what that is was not"
    " found; it expires if that needs this host's web server, which gives way",
    "look how it is renewed, or let the project get its certificate itself, with --stack "
    "router-ddns")
RENEWALS_LEFT = warning("renewals-left",
    "{program} goes on renewing {names} over http, by a web server of this host or port 80, which "
    "the project's nginx has from now on",
    "let it prove them by DNS before the move, or they expire; remove what nobody uses")
CERTBOT_CRON = warning("certbot-cron",
    "{file} runs certbot by the clock, and is left as it is",
    "take that out after the move: the project renews its certificates itself")
DDNS_SEVERAL = warning("ddns-several",
    "ddclient also updates {others} with another account or in another way",
    "a project has one account and one way, so the host's ddclient is left running; take {same} "
    "out of its settings after the move")
