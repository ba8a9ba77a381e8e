# shellcheck shell=bash
# What packaging/quickstart, tests/run and .ci/* share; sourced from the top of the tree.

say() { printf '%s\n' "$*"; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# quietly COMMAND...: runs it with its output in a log that is shown only if it fails.
quietly() {
    local log status=0

    log=$(mktemp)
    "$@" </dev/null >"$log" 2>&1 || status=$?
    if ((status)); then
        printf 'This failed with exit status %d: %s\n' "$status" "$*"
        cat "$log"
    fi >&2
    rm -f "$log"
    return "$status"
}

installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed* ]]
}

# need_packages PACKAGE...: installs those that are missing. Where there is no apt-get the packages
# are the user's affair, and cmake will name what it does not find.
need_packages() {
    local package missing=()

    command -v apt-get >/dev/null || return 0
    for package; do
        installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    say "Installing Debian packages: ${missing[*]}"
    quietly as_root apt-get update
    quietly as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}"
}

# want_packages PACKAGE...: installs what it can of those that are missing. A test whose packages are
# not there says so and is skipped.
want_packages() {
    local package

    need_packages "$@" && return 0
    for package; do
        need_packages "$package" || say "Debian package $package cannot be installed."
    done
}

# What it takes to configure and build every target with gcc.
# shellcheck disable=SC2034 # used by those who source this file
build_packages=(gcc libc6-dev cmake ninja-build pkg-config
    libuv1-dev libinih-dev libsystemd-dev libjansson-dev libncurses-dev
    libmicrohttpd-dev systemtap-sdt-dev check)

# Gearman clients and workers of others, which meet the daemon in tests/system/clients.
# shellcheck disable=SC2034
client_packages=(gearman-tools libgearman-dev libgearman-client-perl php-cli php-gearman)
