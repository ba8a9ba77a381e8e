#!/bin/sh
# pmad_examples.sh
#
# Each C example in docs/allocator.md is a whole program that compiles without a warning and succeeds,
# with either engine.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk -v work="$work" '
    /^```$/ { file = "" }
    file != "" { print >file }
    /^```c$/ { file = work "/example-" ++count ".c" }' "$root/docs/allocator.md"

for example in "$work"/example-*.c; do
    for engine in 0 1; do
        "${CC:-cc}" -std=c17 -O2 -Wall -Wextra -Werror -DPMAD_INTRUSIVE=$engine -I"$root/allocator" \
            "$example" "$root"/allocator/pmad*.c -o "$work/example"
        "$work/example"
    done
    echo "$(basename "$example"): $(grep -c '' "$example") lines, works with either engine"
done
