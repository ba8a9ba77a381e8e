/* pmadctl unit: from a configuration to what systemd is to allow the daemon that has it. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "capacity.h"
#include "ctl.h"

static const char default_file[] = "/etc/pmadd/pmadd.conf";

enum {
    /* Beside what it waits to send, a connection is so many bytes of the kernel, rounded up: socket,
     * file, inode, and what watches it. */
    CONNECTION_BYTES = 4096,
    /* Bytes that may wait in a socket to be sent, where nothing else is said: socket(7), wmem_default. */
    SEND_BYTES = 212992,
    MIB = 1024 * 1024,
    SECOND_US = 1000000,
    STOP_SPARE_S = 10
};

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is argp's */
static error_t parse(int key, char *arg, struct argp_state *state)
{
    const char **file = state->input;

    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if (state->arg_num > 0)
        argp_error(state, "one configuration at a time");
    *file = arg;
    return 0;
}

/* What the kernel keeps for a socket that nobody reads at the other end. */
static uint64_t send_bytes(void)
{
    FILE *setting = fopen("/proc/sys/net/core/wmem_default", "r");
    char text[32] = "";
    uint64_t bytes;

    if (setting == NULL)
        return SEND_BYTES;
    if (fgets(text, sizeof text, setting) == NULL)
        text[0] = '\0';
    (void)fclose(setting);
    bytes = strtoull(text, NULL, 10);
    return bytes > 0 ? bytes : SEND_BYTES;
}

static uint64_t mebibytes(uint64_t bytes)
{
    return (bytes + MIB - 1) / MIB;
}

static void print_unit(const char *file, const struct config *config,
                       const struct capacity_process *process)
{
    uint64_t own = process->pools + process->program;
    uint64_t each = send_bytes() + CONNECTION_BYTES;
    uint64_t kernel = config->limits.connections * each;
    uint64_t grace_s = (config->server.shutdown_grace_us + SECOND_US - 1) / SECOND_US;

    (void)printf("# For %s. Memory: %" PRIu64 " MiB of pools, %" PRIu64 " of program, and %" PRIu64
                 " of the kernel's for\n"
                 "# %zu connections whose peers do not read, %" PRIu64 " bytes each.\n"
                 "[Service]\n",
                 file, mebibytes(process->pools), mebibytes(process->program), mebibytes(kernel),
                 config->limits.connections, each);
    (void)printf("MemoryMin=%" PRIu64 "M\nMemoryMax=%" PRIu64 "M\nMemorySwapMax=0\n",
                 mebibytes(own), mebibytes(own + kernel));
    (void)printf("LimitNOFILE=%zu\n", process->descriptors);
    (void)printf("TimeoutStopSec=%" PRIu64 "s\n", grace_s + STOP_SPARE_S);
}

int ctl_unit(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "[FILE]",
        .doc =
            "Prints what systemd is to allow a daemon with the configuration FILE, "
            "/etc/pmadd/pmadd.conf where none is named: memory, descriptors, time to stop. For a "
            "file in /etc/systemd/system/pmadd.service.d.\vExample:\n"
            "  pmadctl unit > /etc/systemd/system/pmadd.service.d/limits.conf",
    };
    static struct config config;
    static char why[CAPACITY_TEXT];
    struct capacity_process process;
    const char *file = default_file;

    ctl_parse(ctl, &argp, argc, argv, &file);
    if (!capacity_read(file, &config, why) || !capacity_process(&config, &process, why)) {
        ctl_say("pmadd would not start with it:");
        (void)fputs(why, stderr);
        return CTL_USAGE;
    }
    print_unit(file, &config, &process);
    return ctl_flush(CTL_COMPLETE);
}
