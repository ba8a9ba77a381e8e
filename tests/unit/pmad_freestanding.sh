#!/bin/sh
# pmad_freestanding.sh ALLOCATOR_DIRECTORY
#
# The allocator needs no C library and no system but in pmad_system.c: all the rest compiles
# freestanding, asks for nothing but memset and memcpy (GCC demands these of every environment), and
# works in a program that has nothing else. Both engines, gcc and clang, this machine and AArch64; what
# is not installed is left out, and said.
#
# The machine code that a linker puts into a program which makes a pool and uses it stays under 4 KiB.
# pmad_check(), the texts and the profiles are for those who call them: each function is a section of
# its own, and the linker drops what nobody calls.
set -eu

here=$(dirname "$0")
allocator=$1
limit=4096
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
tried=0

fail() {
    echo "$what: $*"
    status=1
}

# text OBJECT: bytes of its machine code.
text() {
    "${tools}size" -A "$1" | awk '$1 ~ /^\.text/ { sum += $2 } END { print sum + 0 }'
}

# compile SOURCE OBJECT COMPILER...
compile() {
    source=$1
    object=$2
    shift 2
    # Some distributions make the stack protector a default, and it asks for a C library.
    "$@" -std=c17 -O2 -Wall -Wextra -Werror -ffreestanding -nostdlib -fno-stack-protector \
        -ffunction-sections -DPMAD_INTRUSIVE="$intrusive" -DPMAD_GUARD=0 -I"$allocator" -c "$source" -o "$object"
}

# What the linker takes out of an archive for those five functions, whatever file it is in.
judge_size() {
    "${tools}ar" rc "$work/archive" "$work"/pmad*.o
    "${tools}ld" -r --gc-sections -u pmad_region_fit -u pmad_init_at -u pmad_alloc -u pmad_free \
        -u pmad_stats -o "$work/needed" "$work/archive"
    needed=$(text "$work/needed")
    echo "$what: $needed bytes of .text for a pool, out of:"
    for object in "$work"/pmad*.o; do
        size=$(text "$object")
        [ "$size" = 0 ] || echo "    $(basename "$object" .o).c $size"
    done
    [ "$needed" -lt "$limit" ] || fail "$needed bytes of .text are not below $limit"
}

# link_and_run RUNNER COMPILER...
link_and_run() {
    runner=$1
    shift
    "$@" -nostdlib -r -o "$work/allocator.o" "$work"/pmad*.o
    wanted=$("${tools}nm" -u "$work/allocator.o" | awk '$2 != "memset" && $2 != "memcpy" { print $2 }')
    [ -z "$wanted" ] || fail "it asks for" "$wanted"

    compile "$here/pmad_freestanding.c" "$work/main.o" "$@"
    "$@" -nostdlib -static -o "$work/program" "$work/main.o" "$work/allocator.o"
    if [ -n "$runner" ] && ! command -v "$runner" >/dev/null; then
        echo "$what: linked but not run, there is no $runner"
        return
    fi
    $runner "$work/program" || fail "the program ended with $?"
}

# column PREFIX_OF_BINUTILS RUNNER COMPILER...: both engines.
column() {
    tools=$1
    runner=$2
    shift 2
    for tool in "$1" "${tools}ar" "${tools}ld" "${tools}size" "${tools}nm"; do
        if ! command -v "$tool" >/dev/null; then
            echo "$*: skipped, there is no $tool"
            return
        fi
    done
    for engine in stack intrusive; do
        tried=1
        what="$*, $engine"
        intrusive=0
        [ "$engine" = stack ] || intrusive=1
        rm -f "$work"/*
        for source in "$allocator"/*.c; do
            name=$(basename "$source" .c)
            [ "$name" = pmad_system ] || compile "$source" "$work/$name.o" "$@"
        done
        judge_size
        link_and_run "$runner" "$@"
    done
}

case $(uname -m) in
x86_64 | aarch64)
    column '' '' gcc
    column '' '' clang
    ;;
*) echo "$(uname -m): skipped, pmad_freestanding.c does not know its system calls" ;;
esac
if [ "$(uname -m)" != aarch64 ]; then
    column aarch64-linux-gnu- qemu-aarch64 aarch64-linux-gnu-gcc
    column aarch64-linux-gnu- qemu-aarch64 clang --target=aarch64-linux-gnu
fi
[ "$tried" = 1 ] || exit 77
exit "$status"
