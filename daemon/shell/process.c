#include "process.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

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
        LOG_TOO_FEW_DESCRIPTORS,
        "[limits] connections: %zu descriptors are needed, and the hard limit is %ju; raise it "
        "(LimitNOFILE= in a unit, ulimit -Hn in a shell) or lower connections",
        count, (uintmax_t)limit.rlim_max);
    return -EMFILE;
}

size_t process_descriptor_limit(void)
{
    struct rlimit limit = {.rlim_cur = 0};

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

int process_spare_descriptor(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void process_ignore_sigpipe(void)
{
    struct sigaction ignore = {.sa_flags = 0};

    ignore.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

static bool abort_ends_start = true;

/* abort() raises it in the very call that failed: nothing is interrupted, and errno says why. */
static void on_abort(int number)
{
    (void)number;
    log_event(LOG_LOOP_FAILED, "the event loop cannot go on: %s", strerror(errno));
    if (abort_ends_start)
        _exit(EXIT_FAILURE);
}

void process_explain_abort(void)
{
    struct sigaction explain = {.sa_flags = 0};

    explain.sa_handler = on_abort;
    (void)sigaction(SIGABRT, &explain, NULL);
}

void process_is_ready(void)
{
    abort_ends_start = false;
}

int process_seed(uint8_t *seed, size_t size)
{
    ssize_t got = getrandom(seed, size, 0);

    if (got >= 0 && (size_t)got == size)
        return 0;
    log_event(LOG_NO_RANDOM, "no random bytes: %s", got < 0 ? strerror(errno) : "too few");
    return got < 0 ? -errno : -EIO;
}

int process_find_user(struct process_user *user, const char *name)
{
    const struct passwd *entry;

    *user = (struct process_user){.name = NULL, .uid = (uid_t)-1, .gid = (gid_t)-1};
    if (name[0] == '\0')
        return 0;
    errno = 0;
    entry = getpwnam(name);
    if (entry == NULL) {
        int err = errno != 0 ? errno : ENOENT;

        log_event(LOG_USER_FAILED, "user %s: %s", name,
                  err == ENOENT ? "there is no such user" : strerror(err));
        return -err;
    }
    if (entry->pw_uid == geteuid())
        return 0;
    if (geteuid() != 0) {
        log_event(LOG_USER_FAILED,
                  "user %s: only root can become another user; start pmadd as root, or as %s", name,
                  name);
        return -EPERM;
    }
    *user = (struct process_user){.name = name, .uid = entry->pw_uid, .gid = entry->pw_gid};
    return 0;
}

int process_become(const struct process_user *user)
{
    if (user->name == NULL)
        return 0;
    if (initgroups(user->name, user->gid) < 0 || setgid(user->gid) < 0 || setuid(user->uid) < 0) {
        int err = errno;

        log_event(LOG_USER_FAILED, "user %s: %s", user->name, strerror(err));
        return -err;
    }
    return 0;
}
