#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fail.h"

enum { STAT_FIELDS_BEFORE_UTIME = 11 }; /* behind the name, proc_pid_stat(5) */

static void proc_line(pid_t pid, const char *file, char *line, int room)
{
    char path[64];
    FILE *stream;

    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file);
    stream = fopen(path, "re");
    if (stream == NULL || fgets(line, room, stream) == NULL)
        fail("%s: %s (is --server-pid right, and the server alive?)", path, strerror(errno));
    fclose(stream);
}

/* The next number of `*text`. */
static uint64_t number_next(const char **text)
{
    uint64_t number = 0;

    while (**text == ' ')
        ++*text;
    while (**text >= '0' && **text <= '9')
        number = number * 10 + (uint64_t)(*(*text)++ - '0');
    return number;
}

struct server_use server_use(pid_t pid)
{
    struct server_use use = {0};
    struct timespec used;
    clockid_t clock;
    char line[1024];
    const char *at;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
        fail("the CPU time of process %ld cannot be read (is --server-pid right?)", (long)pid);
    use.cpu_ns = (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;

    proc_line(pid, "stat", line, sizeof line);
    at = strrchr(line, ')'); /* the name may hold anything */
    for (int field = 0; at != NULL && field <= STAT_FIELDS_BEFORE_UTIME; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        fail("/proc/%ld/stat is not understood: %s", (long)pid, line);
    use.user_ticks = number_next(&at);
    use.system_ticks = number_next(&at);
    return use;
}

uint64_t server_rss_kib(pid_t pid)
{
    char line[256];
    const char *at = line;

    proc_line(pid, "statm", line, sizeof line);
    (void)number_next(&at);
    return number_next(&at) * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}
