#!/bin/sh
# pmad_syscalls.sh PROGRAM
#
# Over the life of a pool and ten million operations the system is called exactly twice: one mmap,
# one munmap. PROGRAM makes a getppid before and one after; every call between them is in the trace.
set -eu

command -v strace >/dev/null || { echo "skipped: there is no strace"; exit 77; }

trace=$(mktemp)
trap 'rm -f "$trace"' EXIT
strace -o "$trace" "$1"

grep -c '^getppid(' "$trace" | grep -qx 2 || { echo "the trace has not two marks:"; cat "$trace"; exit 1; }
calls=$(sed -n '/^getppid(/,/^getppid(/p' "$trace" | grep -v '^getppid(' | sed 's/(.*//' | tr '\n' ' ')

echo "between init and destroy: $calls"
[ "$calls" = "mmap munmap " ]
