# Sourced by the scripts beside it: every step says how long it took.
# shellcheck shell=bash

# step NAME COMMAND...: runs it, and prints one line when it is done or has failed.
step() {
    local name=$1 began=$EPOCHREALTIME status=0
    shift
    "$@" || status=$?
    local outcome=done
    [ "$status" -eq 0 ] || outcome="failed ($status)"
    awk -v n="$name" -v o="$outcome" -v a="$began" -v b="$EPOCHREALTIME" \
        'BEGIN { printf "== %-18s %-12s %6.2f s\n", n, o, b - a }'
    return "$status"
}
