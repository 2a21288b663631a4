#!/bin/sh
# Runs nginx, and reloads it when its configuration or a certificate has changed.
#
# Every few seconds the files are compared. A change is first tested as a whole; when the test
# fails, nginx goes on as it is and the log says why. A reload breaks no running stream.
# For each site, the issued certificate is used as soon as there is a matching pair; until then
# the one in use stays, or the placeholder lets nginx start. What does not work is tried again each
# minute, and with --healthy this is the health check, which tells it.

set -u

config=/etc/nvrstack/nginx
placeholder=/etc/nvrstack/tls/placeholder
# A disk of its own: what visitors send and what is sent to them is kept elsewhere.
run=/tmp/nginx
spool=/tmp/spool
seconds_between_looks=5
looks_before_retry=12
seconds_for_reload=30

log() {
    echo "start.sh: $*"
}

# The health check: what troubles the script, else whether nginx answers.
healthy() {
    if [ -s "$run/trouble" ]; then
        cat "$run/trouble"
        return 1
    fi
    if command -v curl >/dev/null; then
        curl -fsS --noproxy '*' -o /dev/null --max-time 4 http://127.0.0.1:8081/healthy
    else
        wget -q -Y off -T 4 -O /dev/null http://127.0.0.1:8081/healthy
    fi
}

# Something to be tried again in a minute, and told by the health check for as long as it lasts.
trouble() {
    failed=1
    troubles="$troubles$*
"
}

# Sleep in the background, so that a signal is heard at once.
pause() {
    sleep "$1" &
    pause=$!
    wait "$pause"
}

# A checksum over every file that nginx reads. `certificates` has a line per site: its name, the
# directory of its certificate, and its domain.
fingerprint() {
    {
        find -L "$config" "$placeholder" -type f -exec sha256sum {} + | sort
        while read -r _ directory _; do
            sha256sum "$directory/fullchain.pem" "$directory/privkey.pem"
        done <"$config/certificates"
    } 2>/dev/null | sha256sum
}

# Whether the directory holds a certificate and the key that belongs to it.
is_pair() {
    echo "fullchain.pem or privkey.pem is missing or not readable" >"$run/pair.log"
    [ -r "$1/fullchain.pem" ] && [ -r "$1/privkey.pem" ] || return 1
    cat >"$run/pair.conf" <<END
pid $run/pair.pid;
events {}
http {
    access_log off;
    include $config/temporary-paths.conf;
    server {
        listen unix:$run/pair.sock ssl;
        ssl_certificate $1/fullchain.pem;
        ssl_certificate_key $1/privkey.pem;
    }
}
END
    nginx -t -q -c "$run/pair.conf" 2>"$run/pair.log"
    result=$?
    rm -f "$run/pair.sock"
    return $result
}

# Write, for each site, the snippet that names its certificate.
choose_certificates() {
    while read -r site directory _; do
        snippet="$run/certificates/$site.conf"
        if is_pair "$directory"; then
            extra="include $config/trusted.conf;"
        else
            if [ -e "$directory/fullchain.pem" ]; then
                trouble "the certificate in $directory is not usable: $(cat "$run/pair.log")"
                # What is in use stays.
                [ ! -e "$snippet" ] || continue
            fi
            # After a change of domain, the old certificate stays until the new one is there.
            in_use=$(named_in "$snippet")
            directory=$placeholder
            if [ "${in_use:-$placeholder}" != "$placeholder" ] && is_pair "$in_use"; then
                directory=$in_use
            fi
            extra=""
        fi
        printf 'ssl_certificate %s/fullchain.pem;\nssl_certificate_key %s/privkey.pem;\n%s\n' \
            "$directory" "$directory" "$extra" >"$run/snippet" ||
            { trouble "$run/snippet cannot be written"; continue; }
        if ! cmp -s "$run/snippet" "$snippet"; then
            log "$site: certificate from $directory"
        fi
        mv "$run/snippet" "$snippet"
    done <"$config/certificates"
}

# The directory of the certificate that a snippet names.
named_in() {
    sed -n 's|^ssl_certificate \(.*\)/fullchain.pem;$|\1|p' "$1" 2>/dev/null
}

start() {
    started=yes
    rm -f "$run/ended"
    { nginx -c "$config/nginx.conf"; echo "$?" >"$run/ended"; } &
    child=$!
    log "started"
}

# Let nginx take up what was tested. Its main process may refuse it all the same, for what it
# shares with running workers, and then says so in the log alone.
take_up() {
    before=" $(workers) "
    kill -HUP "$(cat "$run/nginx.pid")"
    waited=0
    while [ "$waited" -lt "$seconds_for_reload" ]; do
        for worker in $(workers); do
            case $before in
                *" $worker "*) ;;
                *) log "reloaded"; return ;;
            esac
        done
        [ ! -e "$run/ended" ] || return
        pause 1
        waited=$((waited + 1))
    done
    log "nginx does not take the configuration up while it runs: restarted, which ends streams"
    kill "$(cat "$run/nginx.pid")"
    wait "$child"
    start
}

# The processes of nginx's main one, on one line.
workers() {
    grep -ls "^PPid:[[:space:]]*$(cat "$run/nginx.pid")\$" /proc/[0-9]*/status | tr '\n' ' '
}

# Look, as a visitor does, whether each site shows the certificate that was chosen for it. Where
# there is no answer, or no curl, nothing is known.
visit() {
    unseen=""
    command -v curl >/dev/null || return
    while read -r site _ domain; do
        directory=$(named_in "$run/certificates/$site.conf")
        for _ in 1 2 3; do
            # nginx itself answers this method.
            shown=$(curl --noproxy '*' --max-time 4 -ks -o /dev/null -w '%{certs}' -X TRACE \
                --connect-to "::127.0.0.1:443" "https://$domain/" | first)
            [ -n "$shown" ] && [ "$shown" != "$(first <"$directory/fullchain.pem")" ] || continue 2
            pause 1
        done
        unseen=yes
        trouble "$site: nginx does not show the certificate in $directory"
    done <"$config/certificates"
}

# The first certificate of a PEM text, on one line.
first() {
    sed -n '/^-----BEGIN/,/^-----END/p;/^-----END/q' | tr -d '\r\n'
}

# shellcheck disable=SC2329 # a signal calls it
stop() {
    # Not by `nginx -s stop`, which does nothing while the configuration has an error.
    until [ -z "$started" ] || [ -e "$run/ended" ] ||
        kill "$(cat "$run/nginx.pid" 2>/dev/null)" 2>/dev/null; do
        sleep 1
    done
    [ -z "$pause" ] || kill "$pause" 2>/dev/null
    wait
    exit 0
}

if [ "${1:-}" = --healthy ]; then
    healthy
    exit
fi
started=""
pause=""
seen=""
taken=""
told=""
unseen=""
failed=0
mkdir -p "$run/certificates" "$spool"
rm -f "$run/ended" "$run/trouble"
trap stop TERM QUIT INT

while [ ! -e "$run/ended" ]; do
    now=$(fingerprint)
    if [ "$now" != "$seen" ] || [ "$failed" -ge "$looks_before_retry" ]; then
        changed=""
        [ "$now" = "$seen" ] || changed=yes
        seen=$now
        failed=0
        troubles=""
        choose_certificates
        wanted="$now $(cat "$run"/certificates/*.conf)"
        if [ "$wanted" != "$taken" ]; then
            if ! report=$(nginx -t -q -c "$config/nginx.conf" 2>&1); then
                trouble "the configuration has an error${started:+, the one in use stays until it is mended}: $report"
            elif [ -n "$started" ]; then
                take_up
                taken=$wanted
                unseen=yes
            else
                start
                taken=$wanted
            fi
        fi
        [ -z "$unseen" ] || visit
        if [ -n "$troubles" ] && { [ -n "$changed" ] || [ "$troubles" != "$told" ]; }; then
            log "$troubles"
        fi
        told=$troubles
        printf '%s' "$troubles" >"$run/trouble"
    elif [ "$failed" -gt 0 ]; then
        failed=$((failed + 1))
    fi
    pause "$seconds_between_looks"
done

log "nginx ended with code $(cat "$run/ended")"
exit 1
