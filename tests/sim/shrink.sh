#!/bin/sh
# shrink.sh SIM: a finding is shrunk to a short script, which leads to it again; a damaged one is
# refused. What is found is a task that is cancelled, the way of which is rarely longer than a dozen
# steps.
set -eu
sim=$1
script=$(mktemp)
trap 'rm -f "$script"' EXIT

fail() {
    echo "$*"
    cat "$script"
    exit 1
}

status=0
"$sim" --seed 5 --steps 3000 --world ample --find "cancel job" --shrink "$script" >/dev/null ||
    status=$?
[ "$status" = 1 ] || fail "a finding that is shrunk ends with status $status"
steps=$(grep -c '^step ' "$script")
[ "$steps" -ge 2 ] || fail "nobody cancels a task in $steps steps"
[ "$steps" -le 12 ] || fail "it takes $steps steps to cancel a task"

status=0
told=$("$sim" --script "$script" 2>&1) || status=$?
[ "$status" = 1 ] || fail "the script ends with status $status"
echo "$told" | grep -q "the log has what was to be found" || fail "the script finds something else"

# Without any one of its steps it leads nowhere.
grep -n '^step ' "$script" | cut -d: -f1 | while read -r line; do
    sed "${line}d" "$script" >"$script.less"
    "$sim" --script "$script.less" >/dev/null 2>&1 || { rm "$script.less"; exit 3; }
    rm "$script.less"
done || fail "a step could be spared"

echo "stop 4" >>"$script"
status=0
"$sim" --script "$script" >/dev/null 2>&1 || status=$?
[ "$status" = 2 ] || fail "a damaged script ends with status $status"
