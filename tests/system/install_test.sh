#!/usr/bin/env bash
# install_test.sh BUILD PREFIX LIBDIR SYSCONFDIR: installs BUILD into a directory of its own, finds
# everything in its place, and builds programs against the installed libraries the two ways that are
# promised: pkg-config and find_package. The linker gets no plugin: the archives must do without.
set -euo pipefail

build=$1 prefix=$2 libdir=$3 sysconfdir=$4
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
dest=$root/dest

fail() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

install_tree() {
    if ! DESTDIR=$dest cmake --install "$build" >"$root/install.log" 2>&1; then
        cat "$root/install.log"
        fail "cmake --install"
    fi
}

finds_every_file_in_its_place() {
    local file

    for file in "$sysconfdir/pmadd/pmadd.conf" "$libdir"/lib{pmad,pmad_client}.a \
        "$libdir"/pkgconfig/{pmad,pmad_client}.pc \
        "$libdir"/cmake/{pmad/pmad,pmad_client/pmad_client}-config{,-version}.cmake \
        "$prefix"/include/pmadd/{incPMAD,pmad_client}.h \
        "$prefix"/lib/systemd/system/pmadd{.service,.socket,@.service,-exporter.service,-exporter.socket} \
        "$prefix"/lib/sysusers.d/pmadd.conf "$prefix"/lib/tmpfiles.d/pmadd.conf \
        "$prefix"/share/pmadd/{pmadd,profiles/small}.conf \
        "$prefix"/share/bash-completion/completions/pmadctl \
        "$prefix"/share/zsh/vendor-completions/_pmadctl \
        "$prefix"/share/fish/vendor_completions.d/pmadctl.fish \
        "$prefix"/share/man/{man8/{pmadd,pmadd-exporter}.8,man1/pmadctl.1,man5/pmadd.conf.5}; do
        [[ -s $dest$file ]] || fail "$file is missing or empty"
    done
    [[ ! -e $dest$prefix/include/pmadd/gm_frame.h ]] || fail "the codec's headers are not for outside"
}

# The check wants a program to start, so each service gets one that is surely there. Exposure is counted
# in tenths: 1.0 at most.
has_units_without_findings() {
    local units=$dest$prefix/lib/systemd/system config name findings

    for config in pmadd.service:pmadd pmadd@.service:%i; do
        grep -q "^ExecStart=$prefix/sbin/pmadd --config $sysconfdir/pmadd/${config#*:}.conf\$" \
            "$units/${config%:*}" || fail "${config%:*} starts something else"
    done
    grep -q "^ExecStart=$prefix/sbin/pmadd-exporter " "$units/pmadd-exporter.service" ||
        fail "pmadd-exporter.service starts something else"
    command -v systemd-analyze >/dev/null || {
        echo "install_test: there is no systemd-analyze to look at the units"
        return 0
    }
    mkdir "$root/units"
    for name in pmadd.service pmadd@.service pmadd.socket pmadd-exporter.service pmadd-exporter.socket; do
        sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$units/$name" >"$root/units/$name"
    done
    cp "$root/units/pmadd@.service" "$root/units/pmadd@one.service"
    for name in pmadd.service pmadd@one.service pmadd.socket pmadd-exporter.service pmadd-exporter.socket; do
        findings=$(SYSTEMD_UNIT_PATH=$root/units: systemd-analyze verify --man=no \
            --recursive-errors=no "$root/units/$name" 2>&1) || true
        [[ -z $findings ]] || fail "systemd-analyze verify: $findings"
    done
    for name in pmadd.service pmadd@one.service pmadd-exporter.service; do
        findings=$(systemd-analyze security --offline=yes --no-pager --threshold=10 \
            "$root/units/$name" 2>&1) || fail "systemd-analyze security: $findings"
    done
}

runs_the_installed_programs() {
    "$dest$prefix/sbin/pmadd" --config "$dest$sysconfdir/pmadd/pmadd.conf" --check-config \
        >"$root/check.log" || fail "the installed daemon refuses the installed config"
    "$dest$prefix/bin/pmadctl" --help >"$root/help.log" || fail "pmadctl --help"
    "$dest$prefix/sbin/pmadd-exporter" --help >"$root/help.log" || fail "pmadd-exporter --help"
}

keeps_the_operators_config() {
    local config=$dest$sysconfdir/pmadd/pmadd.conf

    printf '; mine\n' >"$config"
    install_tree
    [[ $(<"$config") == "; mine" ]] || fail "a second install wrote over $sysconfdir/pmadd/pmadd.conf"
}

write_programs() {
    cat >"$root/pool.c" <<'C'
#include <incPMAD.h>
int main(void)
{
    struct pmad_layout layout = {.pool_size = 65536, .class_count = 1, .classes = {{64, 100}}};
    struct pmad *pool;
    void *block;

    if (pmad_init(&pool, &layout) != PMAD_OK)
        return 1;
    block = pmad_alloc(pool, 50);
    pmad_free(pool, block);
    pmad_destroy(pool);
    return block == NULL;
}
C
    cat >"$root/client.c" <<'C'
#include <pmad_client.h>
int main(void)
{
    struct pmadc *client;
    enum pmadc_status status = pmadc_connect(&client, "/nowhere/pmadd.sock", 100);

    pmadc_close(client);
    return status != PMADC_NO_DAEMON;
}
C
    cat >"$root/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(outside C)
find_package(pmad REQUIRED)
find_package(pmad_client REQUIRED)
add_executable(pool pool.c)
target_link_libraries(pool PRIVATE pmad::pmad)
add_executable(client client.c)
target_link_libraries(client PRIVATE pmad_client::pmad_client)
CMAKE
}

builds_with_pkg_config() {
    local name flags
    export PKG_CONFIG_PATH=$dest$libdir/pkgconfig

    for name in pool:pmad client:pmad_client; do
        read -r -a flags < <(pkg-config --cflags --libs "${name#*:}")
        cc -std=c17 -Wall -Wextra -Werror -fno-use-linker-plugin -o "$root/${name%:*}" \
            "$root/${name%:*}.c" "${flags[@]}" || fail "cc with pkg-config ${name#*:}"
        "$root/${name%:*}" || fail "the program built with pkg-config ${name#*:}"
    done
}

builds_with_find_package() {
    if ! { cmake -S "$root" -B "$root/build" -G Ninja "-DCMAKE_PREFIX_PATH=$dest$prefix" &&
        cmake --build "$root/build"; } >"$root/cmake.log" 2>&1; then
        cat "$root/cmake.log"
        fail "a project that uses find_package"
    fi
    "$root/build/pool" || fail "the program that found pmad::pmad"
    "$root/build/client" || fail "the program that found pmad_client::pmad_client"
}

install_tree
finds_every_file_in_its_place
has_units_without_findings
runs_the_installed_programs
write_programs
builds_with_pkg_config
builds_with_find_package
keeps_the_operators_config
