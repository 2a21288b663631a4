#!/bin/sh
# Replaces the GNU programs, so that a script which needs them fails here as it would in Alpine.
set -eu
busybox mkdir /busybox
busybox --install -s /busybox
# Debian's own packaging tools, which Alpine's busybox has not.
for name in dpkg dpkg-deb rpm rpm2cpio; do
    busybox rm -f "/busybox/$name"
done
for package in bash coreutils dash diffutils findutils grep gzip hostname mawk openssl procps sed \
    tar util-linux; do
    list=/var/lib/dpkg/info/$package.list
    [ -e "$list" ] || continue
    busybox grep -E '^(/usr)?/s?bin/.' "$list" | while read -r file; do
        busybox rm -f "$file"
    done
done
# shellcheck disable=SC2123 # the search path is what is meant
PATH=/busybox
export PATH
for name in sh env awk; do
    ln -sf "$(readlink "/busybox/$name")" "/usr/bin/$name"
done
rm -f /tmp/alpinise.sh
