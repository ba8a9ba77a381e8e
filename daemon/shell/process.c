#include "process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "log.h"

int process_allow_descriptors(size_t count)
{
    struct rlimit limit;
    struct rlimit wanted = {.rlim_cur = count, .rlim_max = count};

    /* Where a sandbox hides the limit, the highest descriptor is tried out all the same: loop.c. */
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    if (wanted.rlim_max < limit.rlim_max)
        wanted.rlim_max = limit.rlim_max;
    /* A limit that may not be lowered does no harm: who stays below it stays where he would. */
    if (setrlimit(RLIMIT_NOFILE, &wanted) == 0 || limit.rlim_cur >= count)
        return 0;
    log_event(
        LOG_LEVEL_ERROR,
        "[limits] connections: %zu descriptors are needed, and the hard limit is %ju; raise it "
        "(LimitNOFILE= in a unit, ulimit -Hn in a shell) or lower connections",
        count, (uintmax_t)limit.rlim_max);
    return -EMFILE;
}

void process_ignore_sigpipe(void)
{
    struct sigaction ignore = {.sa_flags = 0};

    ignore.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

int process_seed(uint8_t *seed, size_t size)
{
    ssize_t got = getrandom(seed, size, 0);

    if (got >= 0 && (size_t)got == size)
        return 0;
    log_event(LOG_LEVEL_ERROR, "no random bytes: %s", got < 0 ? strerror(errno) : "too few");
    return got < 0 ? -errno : -EIO;
}
