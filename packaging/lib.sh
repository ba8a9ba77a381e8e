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

# in_root ROOT COMMAND...: runs it in a chroot with proc and dev, which its mount namespace takes
# along when it ends; of the environment only proxies get in.
in_root() {
    local root=$1 name proxies=()
    shift

    for name in http_proxy https_proxy no_proxy; do
        [[ -z ${!name-} ]] || proxies+=("$name=${!name}")
    done
    # shellcheck disable=SC2016 # the inner shell expands
    unshare --mount --pid --fork --kill-child bash -c '
        mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$@"' \
        bash "$root" env -i "${proxies[@]}" HOME=/root \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# make_root ROOT [PACKAGES]: a fresh Debian 12 that knows where this machine gets its packages from, with
# these, separated by commas, in it. Needs mmdebstrap.
make_root() {
    local root=$1 include=${2-} sources=/etc/apt/sources.list

    [[ ! -e /etc/apt/sources.list.d/debian.sources ]] ||
        sources=/etc/apt/sources.list.d/debian.sources
    apt-config dump | grep -E '^Acquire::(https?|Check-)' >"$root.apt.conf" || true
    mmdebstrap --variant=minbase ${include:+"--include=$include"} --aptopt="$root.apt.conf" \
        bookworm "$root" "$sources"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
}

# What it takes to configure and build every target with gcc.
# shellcheck disable=SC2034 # used by those who source this file
build_packages=(gcc libc6-dev cmake ninja-build pkg-config
    libuv1-dev libinih-dev libsystemd-dev libjansson-dev libncurses-dev
    libmicrohttpd-dev systemtap-sdt-dev check)

# Gearman clients and workers of others, which meet the daemon in tests/system/clients.
# shellcheck disable=SC2034
client_packages=(gearman-tools libgearman-dev libgearman-client-perl php-cli php-gearman)
