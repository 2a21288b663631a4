#!/bin/sh
# Does what the official image's entrypoint does with the files of /docker-entrypoint.d.
set -e

log() {
    [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "$@"
}

if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
    find /docker-entrypoint.d/ -follow -type f -print | sort -V | while read -r file; do
        case $file in
        *.envsh)
            if [ -x "$file" ]; then
                log "$0: Sourcing $file"
                # shellcheck disable=SC1090 # the names are not known here
                . "$file"
            else
                log "$0: Ignoring $file, not executable"
            fi
            ;;
        *.sh)
            if [ -x "$file" ]; then
                log "$0: Launching $file"
                "$file"
            else
                log "$0: Ignoring $file, not executable"
            fi
            ;;
        *) log "$0: Ignoring $file" ;;
        esac
    done
fi

exec "$@"
