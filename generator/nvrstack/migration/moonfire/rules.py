"""What may be found in Moonfire's configuration, its database, and its version."""

from nvrstack.migration.findings import blocker, warning

# fmt: off
ANONYMOUS_VIEWING = warning("anonymous-viewing",
    "until now anybody could {what} without signing in; that ends",
    "give everybody who needs it an account: nvrstack user add NAME")
ANONYMOUS_SOCKET = warning("anonymous-socket",
    "whoever can connect to the socket {place} need not sign in; it stays so",
    "remove {key} there if nothing on this machine needs it")
CONFIG_ABSENT_NAMED = blocker("config-absent",
    "Moonfire is started with the configuration file {path}, which was not found",
    "mount the disk that it is on, or name a copy with --moonfire-config FILE, and plan again")
CONFIG_NOT_READ = warning("config-not-read",
    "Moonfire {version} does not read {path}; its flags count",
    "look whether the file has settings that you expected to hold")
CONFIG_ABSENT_IN_CONTAINER = blocker("config-absent",
    "Moonfire is started with the configuration file {named} of its container, which is no file"
    " of this host",
    "copy it with docker cp {container}:{named} FILE, and plan again with --moonfire-config FILE")
DATABASE_ELSEWHERE = blocker("database-elsewhere",
    "the database is in {value}; a project needs it in a directory of the host that is called db",
    "stop Moonfire, rename or move the directory, set dbDir to it, and plan again")
CONFIG_ABSENT = warning("config-absent",
    "Moonfire {version} needs {path}, which is not there",
    "look whether this is the install in use; upstream's default settings are taken")
CONFIG_ABSENT_MOUNTED = warning("config-absent",
    "{path} is not there: Docker makes a directory of it, or refuses to start Moonfire {version}",
    "look whether this is the install in use; upstream's default settings are taken")
CONFIG_IS_DIRECTORY = warning("config-is-directory",
    "{path} is a directory, as Docker makes one where a file to be mounted is missing; Moonfire "
    "does not start with it",
    "remove it with rmdir; upstream's default settings are taken, unless --moonfire-config names a "
    "file")
IMAGE_FOREIGN = warning("image-foreign",
    "{image} is not Moonfire's image as upstream publishes it: other programs in it, and what they "
    "do, end with the move",
    "look what it does beside recording, such as backups or a way in from outside, and see to that "
    "first")
CONFIG_VALUE_THREADS = warning("config-value",
    "workerThreads = {value!r} is no number of threads; it is left out",
    "Moonfire then uses one for each processor")
FLAGS_IGNORED = warning("flags-ignored",
    "{told} does not start with {flags}; the file counts",
    "look whether the flags say something that the file does not")
READ_ONLY = warning("read-only",
    "--read-only is not carried over: the new project records",
    'add it to the command in compose.override.yaml: ["run", "--config", '
    '"/etc/nvrstack/moonfire/moonfire-nvr.toml", "--read-only"]')
FLAG_UNKNOWN = warning("flag-unknown",
    "{word} is no flag of any Moonfire; it is not carried over",
    "if it does something, tell Moonfire in its configuration file")
CONFIG_JSON = warning("config-json",
    "{path} is JSON, which no released Moonfire reads; its settings become TOML",
    "look whether they are the ones that you want")
CONFIG_SPELLING = warning("config-spelling",
    "{path} is written in {found}, but Moonfire {version} reads {wanted} alone and does not "
    "start with it",
    "look whether this is the file in use; its settings are converted")
UDP_FOR_ALL = warning("udp-for-all",
    "--rtsp-transport=udp has no place in the configuration file: all streams use TCP",
    "a camera that needs UDP has it set at its stream; see the streams below")
FFMPEG_CHOSEN = warning("rtsp-library",
    "{setting} is not carried over: Moonfire reads cameras with Retina alone now, and ffmpeg was "
    "perhaps chosen for a camera that Retina refuses",
    "look after the move whether each camera records; for one that does not, newer firmware or "
    "another stream may help, and the way back is `nvrstack migrate rollback`")
CONFIG_KEY = warning("config-key",
    "bind {index} is no table; it is left out",
    "mend the file")
CONFIG_ORDER = warning("config-order",
    "{key} stands below a [[binds]] line, where Moonfire refuses it",
    "it moves above the first [[binds]]; look whether the file is the one in use")
CONFIG_KEY_UNKNOWN = warning("config-key",
    "{key!r}{where} is no setting of Moonfire's, which would not start with it; it is left out",
    "if it is a slip, mend it in the file and plan again")
CONFIG_UNREADABLE = blocker("config-unreadable",
    "{path} is no {format}: {reason}",
    "mend it, or move it away if Moonfire does not use it, and plan again")
CONFIG_VALUE = warning("config-value",
    "{key} = {value!r}{where} is nothing that Moonfire understands; it is left out",
    "mend it in the file and plan again")
SAMPLE_DIR_BELOW_STATE = blocker("sample-dir-below-state",
    "recordings are kept in {path}, but the database is elsewhere: the project has the "
    "database's directory at {state}, in the place of what is there now",
    "give them a mount of their own: source={place}, destination={path}; start Moonfire once "
    "with it, and plan again")
SAMPLE_DIR_ELSEWHERE = warning("sample-dir-elsewhere",
    "recordings that Moonfire keeps in {path} are in the Docker volume {source}; the setting "
    "moonfire.sample_dirs cannot say that",
    "look up its whole name with `docker volume ls`, and add, in compose.override.yaml, under "
    "services: moonfire-nvr: volumes: [{{type: volume, source: NAME, target: {target}}}] and, "
    "at the top, volumes: {{NAME: {{external: true}}}}")
NOBODY_CAN_SIGN_IN = blocker("nobody-can-sign-in",
    "{what} in Moonfire, and after the move everybody must sign in",
    "let the move make one: --first-user NAME --secret-file first_user_password=FILE; or make "
    "it now, under Users: {by_hand}")
CANNOT_VIEW = warning("cannot-view",
    "{names} can sign in, but may not view video",
    "where they should, tick viewVideo under Users in Moonfire's `config`: after the move "
    "nobody views without it")
OLD_PASSWORD = warning("old-password",
    "the password of {name} was set under Moonfire 0.6; 0.7 refuses it",
    "set it again after the move: nvrstack user passwd {name}")
UDP_STREAM = warning("udp-stream",
    "the {stream} stream of {camera} comes over UDP, which does not pass a bridge reliably",
    "set the stream to TCP before the move, in Moonfire's `config`")
SAMPLE_DIR_NOT_MOUNTED = blocker("sample-dir-not-mounted",
    "recordings are kept in {path}, which the install does not mount; {consequence}",
    "check that this is the install in use, and which disk the recordings are on")
SAMPLE_DIR_ABSENT = blocker("sample-dir-absent",
    "{place}, where recordings are kept, does not exist; {consequence}",
    "mount its disk, and plan again")
SAMPLE_DIR_LINKED = blocker("sample-dir-linked",
    "recordings are kept in {path}, which leads to {place} by a link that leads elsewhere in "
    "the project's container",
    "make the link anew with the whole path of what it leads to (ln -sfn TARGET LINK), and plan"
    " again")
DATABASE_LINKED = blocker("database-linked",
    "{database} is a link to {place}, but the project's container sees nothing of this host "
    "beside {state} and the recordings",
    "stop Moonfire, put an empty directory in the link's place, add `{place} {database} none "
    "bind 0 0` to /etc/fstab, run mount -a, start Moonfire, and plan again")
VERSION_UNAVAILABLE = blocker("version-unavailable",
    "{wanted!r} was never published as an image of {image}",
    "write --moonfire-version {tested}, or leave it out")
VERSION_FAULT = warning("version-fault",
    "with {version}, {note} ({source})",
    "choose --moonfire-version {tested}")
SCHEMA_MISMATCH = warning("schema-mismatch",
    "the database has schema {schema}, but Moonfire {current} opens {fits} alone",
    "this install cannot run as it is; check that it is the one you use")
SCHEMA_UPGRADE = warning("schema-upgrade",
    "the database has schema {schema} and is upgraded to {newest}; older versions cannot open "
    "it any more",
    "keep the backup; the upgrade takes about 4 minutes a GiB of database on a Raspberry Pi 4, "
    "and needs four times the database's size free")
OLDER_VERSION = warning("older-version",
    "Moonfire goes back from {current} to {chosen}",
    "leave --moonfire-version out to keep what runs")
BIND_DROPPED = warning("bind-dropped",
    "the bind {bind} is not carried over: {why}",
    "what used it can use the https address of the new project, with an account, or a socket in "
    "{state}")
IMAGE_VERSION = warning("image-version",
    "{remark}",
    "docker run --rm {image} --version tells")
SCHEMA_TOO_NEW = blocker("schema-unknown",
    "the database has schema {schema}; nvrstack knows schemas up to {newest}",
    "install a newer nvrstack")
SCHEMA_TOO_OLD = blocker("schema-unknown",
    "the database has schema {schema}; nvrstack upgrades schema {oldest} alone",
    "upgrade it first as upstream describes: "
    "https://github.com/scottlamb/moonfire-nvr/blob/master/guide/schema.md")
CAMERA_LOOPBACK = warning("camera-loopback",
    "{host}, the address of {cameras}, means this machine, which is another one from inside the "
    "container",
    "let the program there listen on more than the loopback, give it the name "
    "host.docker.internal in the camera's URL, and add, {override} extra_hosts: "
    '["host.docker.internal:host-gateway"]')
CAMERA_IPV6 = warning("camera-ipv6",
    "{host}, the address of {cameras}, is an IPv6 address, and the container's network has IPv4 "
    "alone",
    "use the camera's IPv4 address in its URL")
CAMERA_MDNS = warning("camera-mdns",
    "{host}, the address of {cameras}, is announced by the camera itself (RFC 6762), which no "
    "container hears",
    "give the camera a fixed address in your router, and use that in its URL")
CAMERA_HOSTS_FILE = warning("camera-hosts-file",
    "{host}, the address of {cameras}, stands in this machine's /etc/hosts ({address}), which the "
    "container does not have",
    'add, {override} extra_hosts: ["{name}:{address}"]')
CAMERA_BARE_NAME = warning("camera-bare-name",
    "{host}, the address of {cameras}, has no domain; whether the container finds it depends on "
    "your router",
    'use the address in its URL, or add, {override} extra_hosts: ["{name}:ADDRESS"]')
