#!/bin/sh
# Runs ddclient once at each interval, and at once when its configuration changes.
#
# ddclient remembers on the volume what it told the provider: it speaks to it only when the
# address has changed, and after a refusal it waits by itself.
# With the word "healthy" it instead says whether the provider accepted the last update.

set -u

config=/etc/nvrstack/ddclient
state=/var/lib/nvrstack
cache=$state/ddclient.cache
seconds_without_address=30
interval=$(cat "$config/interval")

# Every name of the configuration, which stands on a line of its own, must be "good" in the cache,
# where it ends its line. Some protocols write status=, others status-ipv4=.
healthy() {
    age=$(($(date +%s) - $(stat -c %Y "$state/last-run" 2>/dev/null || echo 0)))
    if [ "$age" -gt $((interval * 3)) ]; then
        echo "ddclient has not run for $age seconds"
        return 1
    fi
    names=0 good=0
    # shellcheck disable=SC2013 # a name has no space in it
    for name in $(grep -E '^[A-Za-z0-9.-]+$' "$config/ddclient.conf"); do
        names=$((names + 1))
        if awk -v name="$name" '$NF == name && /(^|,)status(-ipv4)?=good[, ]/ { good = 1 }
            END { exit !good }' "$cache" 2>/dev/null; then
            good=$((good + 1))
        fi
    done
    if [ "$good" -ne "$names" ]; then
        echo "the provider accepted $good of $names names; last words of ddclient:"
        tail -n 5 "$state/last-output"
        return 1
    fi
    echo ok
}

# Copy the file $1 without the passwords: ddclient prints what it sent when it gets an odd answer.
without_passwords() {
    awk '
        FNR == NR {
            if (sub(/^password=\047/, "") && sub(/\047, \\$/, "") && $0 != "") passwords[$0]
            next
        }
        {
            for (password in passwords) {
                shown = ""
                while (at = index($0, password)) {
                    shown = shown substr($0, 1, at - 1) "[hidden]"
                    $0 = substr($0, at + length(password))
                }
                $0 = shown $0
            }
            print
        }
    ' "$config/ddclient.conf" "$1"
}

if [ "${1:-}" = healthy ]; then
    healthy
    exit
fi

stopping=""
running=""
# Every program runs in the background and is waited for, so that a signal is heard at once.
trap 'stopping=yes; kill "$running" 2>/dev/null' TERM INT
seen=""
waited=0

while [ -z "$stopping" ]; do
    interval=$(cat "$config/interval")
    now=$(sha256sum <"$config/ddclient.conf")
    if [ "$now" != "$seen" ] || [ "$waited" -ge "$interval" ]; then
        seen=$now
        waited=0
        ddclient -file="$config/ddclient.conf" -cache="$cache" >/tmp/output 2>&1 &
        running=$!
        wait "$running"
        echo "$?" >"$state/last-run"
        without_passwords /tmp/output | tee "$state/last-output"
        # Without an address of its own it has asked the provider nothing, so it may soon try again:
        # after a power cut, the router needs a minute.
        if grep -q 'unable to determine IP' "$state/last-output"; then
            waited=$((interval - seconds_without_address))
        fi
    fi
    [ -z "$stopping" ] || break
    sleep 5 &
    running=$!
    wait "$running"
    waited=$((waited + 5))
done
