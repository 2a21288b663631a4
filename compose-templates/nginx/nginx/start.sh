#!/bin/sh
# Runs nginx, and reloads it when its configuration or a certificate has changed.
#
# Every few seconds the files are compared. A change is first tested as a whole; when the test
# fails, nginx goes on as it is and the log says why. A reload breaks no running stream.
# For each site, the issued certificate is used as soon as there is a matching pair; until then
# the one in use stays, or the placeholder lets nginx start.

set -u

config=/etc/nvrstack/nginx
placeholder=/etc/nvrstack/tls/placeholder
run=/tmp/nginx
seconds_between_looks=5
looks_before_retry=12

log() {
    echo "start.sh: $*"
}

# A checksum over every file that nginx reads. `certificates` has a line per site: name, directory.
fingerprint() {
    {
        find -L "$config" "$placeholder" -type f -exec sha256sum {} + | sort
        while read -r _ directory; do
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
    while read -r site directory; do
        snippet="$run/certificates/$site.conf"
        if is_pair "$directory"; then
            extra="include $config/trusted.conf;"
        else
            if [ -e "$directory/fullchain.pem" ]; then
                log "the certificate in $directory is not usable:"
                cat "$run/pair.log"
                # What is in use stays.
                [ ! -e "$snippet" ] || continue
            fi
            # After a change of domain, the old certificate stays until the new one is there.
            in_use=$(sed -n 's|^ssl_certificate \(.*\)/fullchain.pem;$|\1|p' "$snippet" 2>/dev/null)
            directory=$placeholder
            if [ "${in_use:-$placeholder}" != "$placeholder" ] && is_pair "$in_use"; then
                directory=$in_use
            fi
            extra=""
        fi
        printf 'ssl_certificate %s/fullchain.pem;\nssl_certificate_key %s/privkey.pem;\n%s\n' \
            "$directory" "$directory" "$extra" >"$snippet.new"
        if ! cmp -s "$snippet.new" "$snippet"; then
            log "$site: certificate from $directory"
        fi
        mv "$snippet.new" "$snippet"
    done <"$config/certificates"
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

started=""
pause=""
seen=""
failed=0
mkdir -p "$run/certificates"
rm -f "$run/ended"
trap stop TERM QUIT INT

while [ ! -e "$run/ended" ]; do
    now=$(fingerprint)
    if [ "$now" != "$seen" ] || [ "$failed" -ge "$looks_before_retry" ]; then
        seen=$now
        failed=0
        choose_certificates
        if ! report=$(nginx -t -q -c "$config/nginx.conf" 2>&1); then
            log "the configuration has an error${started:+, the one in use stays until it is mended}:"
            echo "$report"
            failed=1
        elif [ -n "$started" ]; then
            nginx -c "$config/nginx.conf" -s reload && log "reloaded"
        else
            started=yes
            { nginx -c "$config/nginx.conf"; echo "$?" >"$run/ended"; } &
            log "started"
        fi
    elif [ "$failed" -gt 0 ]; then
        failed=$((failed + 1))
    fi
    # In the background, so that a signal is heard at once.
    sleep "$seconds_between_looks" &
    pause=$!
    wait "$pause"
done

log "nginx ended with code $(cat "$run/ended")"
exit 1
