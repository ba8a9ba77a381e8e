#!/bin/sh
# pmad_disasm.sh ALLOCATOR_DIRECTORY
#
# pmad_alloc and pmad_free are straight lines, as calls and inline, in both engines. Compiles them with
# gcc and with clang, at -O2 and -O3, for this machine and for AArch64, and fails on any jump (a call at
# the end of a function is one, too) or call. What is not installed is left out, and said.
set -eu

here=$(dirname "$0")
allocator=$1
native=$(uname -m)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
tried=0

# Prints the pattern of what leaves the straight line on a machine.
leaves_of() {
    case $1 in
    x86_64) echo '^(j[a-z]+|call[a-z]*|loop[a-z]*|x(begin|abort))$' ;;
    aarch64) echo '^(b|bc?\..*|bl|br|blr[a-z]*|bra[a-z]*|cbn?z|tbn?z)$' ;;
    esac
}

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

# fail WHAT...: says so, with what is being looked at before it.
fail() {
    echo "$what: $*"
    status=1
}

# The eye that looks for jumps must be one that sees: pmad_init_at has jumps and calls.
look_at_eye() {
    for kind in '^(j[^m]|b\.|cb|tb)' '^(call|bl)'; do
        jumps pmad_init_at | grep -Eq "$kind" ||
            fail "pmad_init_at seems to have no $kind: the pattern is blind"
    done
}

look_at() {
    found=$(jumps "$1")
    if [ -n "$found" ]; then
        fail "$1 leaves the straight line:"
        echo "$found"
    elif ! body "$1" | grep -q '^ret'; then
        fail "$1 is not in the listing"
    else
        counts="$counts $1 $(body "$1" | grep -c .)"
    fi
}

# column MACHINE OBJDUMP COMPILER...: both engines at both levels.
column() {
    machine=$1
    objdump=$2
    shift 2
    leaves=$(leaves_of "$machine")
    for tool in "$objdump" "$1"; do
        if ! command -v "$tool" >/dev/null; then
            echo "$machine, $1: skipped, there is no $tool"
            return
        fi
    done
    for engine in 'stack 0' 'intrusive 1'; do
        for level in -O2 -O3; do
            tried=1
            what="$machine, $1 $level, ${engine% *}"
            counts=
            for source in "$allocator/pmad.c" "$here/pmad_disasm.c"; do
                "$@" -std=c17 "$level" -fPIC -DPMAD_INTRUSIVE="${engine#* }" -DPMAD_GUARD=0 \
                    -I"$allocator" -c "$source" -o "$work/object"
                "$objdump" -d --no-show-raw-insn "$work/object" >>"$work/listing"
            done
            look_at_eye
            for function in pmad_alloc pmad_free inlined_alloc inlined_free; do
                look_at "$function"
            done
            echo "$what, instructions:$counts"
            rm "$work/listing"
        done
    done
}

if [ -z "$(leaves_of "$native")" ]; then
    echo "$native: skipped, there is no list of its jumps"
else
    column "$native" objdump gcc
    column "$native" objdump clang
fi
if [ "$native" != aarch64 ]; then # freestanding: the C library of another machine is not needed
    column aarch64 aarch64-linux-gnu-objdump aarch64-linux-gnu-gcc -ffreestanding
    column aarch64 aarch64-linux-gnu-objdump clang --target=aarch64-linux-gnu -ffreestanding
fi
[ "$tried" = 1 ] || exit 77
exit "$status"
