#!/bin/sh
# pmad_table.sh [--write]
#
# The tables in docs/allocator.md are what the arithmetic says. Compiles pmad_table.c and the allocator
# with either engine, without and with the guard, and compares what the four print with what stands
# between the markers <!-- table: NAME --> and <!-- end of table -->. With --write it puts it there.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
document=$root/docs/allocator.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build INTRUSIVE GUARD: leaves the program in $work.
build() {
    "${CC:-cc}" -std=c17 -O1 -DPMAD_INTRUSIVE="$1" -DPMAD_GUARD="$2" -I"$root/allocator" \
        "$root/tests/unit/pmad_table.c" "$root"/allocator/pmad*.c -o "$work/table-$1-$2"
}

# table NAME: prints it, one column a build, in the order of their names.
table() {
    for program in "$work"/table-?-?; do
        "$program" "$1" >"$program.cells"
    done
    paste "$work"/table-0-0.cells "$work"/table-1-0.cells \
        "$work"/table-0-1.cells "$work"/table-1-1.cells |
        awk -F '\t' '{ print "| " $1 " | " $2 " | " $4 " | " $6 " | " $8 " |" }'
}

# Prints the document with its tables made anew.
renewed() {
    awk -v work="$work" '
        /^<!-- end of table -->$/ { inside = 0 }
        !inside { print }
        /^<!-- table: [a-z]+ -->$/ {
            inside = 1
            made = work "/" $3
            print ""
            while ((getline line <made) > 0)
                print line
            print ""
        }' "$document"
}

for engine in 0 1; do
    build "$engine" 0
    build "$engine" 1
done
for name in blocks layouts; do
    table "$name" >"$work/$name"
    grep -qx "<!-- table: $name -->" "$document" || { echo "there is no table $name"; exit 1; }
done
renewed >"$work/renewed"

if [ "${1-}" = --write ]; then
    cp "$work/renewed" "$document"
elif diff -u "$document" "$work/renewed"; then
    echo "the tables are what the arithmetic says"
else
    echo "write them anew: tests/unit/pmad_table.sh --write"
    exit 1
fi
