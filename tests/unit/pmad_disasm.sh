#!/bin/sh
# pmad_disasm.sh ALLOCATOR_DIRECTORY
#
# pmad_alloc and pmad_free are straight lines. Compiles pmad.c with gcc and with clang, at -O2 and
# -O3, and fails on any jump (a call at the end of a function is one, too) or call in the two.
set -eu

case $(uname -m) in
x86_64) leaves='^(j[a-z]+|call[a-z]*|loop[a-z]*|x(begin|abort))$' ;;
aarch64) leaves='^(b|b\..*|bl|br|blr[a-z]*|bra[a-z]*|cbn?z|tbn?z)$' ;;
*) echo "skipped: no list of jumps for $(uname -m)"; exit 77 ;;
esac
command -v objdump >/dev/null || { echo "skipped: there is no objdump"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
tried=0

# Prints the instructions of one function, mnemonic first, from its label to the empty line.
body() {
    awk -v name="$1" '
        /^[0-9a-f]+ <[^>]*>:$/ { inside = $2 == "<" name ">:"; next }
        inside && NF { sub(/^ *[0-9a-f]+:[ \t]*/, ""); print }' "$work/listing"
}

# Prints those that leave the straight line. (A prefix such as bnd or notrack is no mnemonic.)
jumps() {
    body "$1" | sed -E 's/^(bnd|notrack|rep|repz|lock) +//' |
        awk -v leaves="$leaves" '$1 ~ leaves'
}

for compiler in gcc clang; do
    if ! command -v "$compiler" >/dev/null; then
        echo "$compiler: skipped, there is none"
        continue
    fi
    for level in -O2 -O3; do
        tried=1
        "$compiler" -std=c17 "$level" -fPIC -I"$1" -c "$1/pmad.c" -o "$work/pmad.o"
        objdump -d --no-show-raw-insn "$work/pmad.o" >"$work/listing"

        # The eye that looks for jumps must be one that sees: pmad_init has jumps and calls.
        for kind in '^(j[^m]|b\.|cb|tb)' '^(call|bl)'; do
            if ! jumps pmad_init | grep -Eq "$kind"; then
                echo "$compiler $level: pmad_init seems to have no $kind: the pattern is blind"
                status=1
            fi
        done
        for function in pmad_alloc pmad_free; do
            found=$(jumps "$function")
            if [ -n "$found" ]; then
                echo "$compiler $level: $function leaves the straight line:"
                echo "$found"
                status=1
            elif ! body "$function" | grep -q '^ret'; then
                echo "$compiler $level: $function is not in the listing"
                status=1
            else
                echo "$compiler $level: $function: $(body "$function" | grep -c .) instructions, no jump"
            fi
        done
    done
done
[ "$tried" = 1 ] || { echo "skipped: no compiler"; exit 77; }
exit "$status"
