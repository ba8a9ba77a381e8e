#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl.h"

enum { CONNECT_TIMEOUT_MS = 5000, ADDRESS_SIZE = 4096 };

/* What each answer of the client library is to who called pmadctl. */
static const enum ctl_exit exits[] = {
    [PMADC_OK] = CTL_COMPLETE,         [PMADC_FAILED] = CTL_FAILED,
    [PMADC_REFUSED] = CTL_REFUSED,     [PMADC_TIMEOUT] = CTL_TIMED_OUT,
    [PMADC_NO_DAEMON] = CTL_NO_DAEMON, [PMADC_DENIED] = CTL_NO_DAEMON,
    [PMADC_LOST] = CTL_NO_DAEMON,      [PMADC_PROTOCOL] = CTL_NO_DAEMON,
    [PMADC_INVALID] = CTL_USAGE,       [PMADC_MEMORY] = CTL_FAILED,
    [PMADC_STOPPED] = CTL_COMPLETE,
};

const char ctl_exit_words[] =
    "Exit status: 0 all went well, 1 failed, 2 wrong usage or nothing to read,\n"
    "3 refused, 4 timed out, 5 no daemon, not let in, or connection lost.\n";

enum ctl_exit ctl_exit_of(enum pmadc_status status)
{
    return exits[status];
}

void ctl_say(const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    (void)fprintf(stderr, "pmadctl: %s\n", line);
}

int ctl_timeout(const struct ctl *ctl, int otherwise)
{
    return ctl->timeout != NULL ? ctl->timeout_ms : otherwise;
}

/* Who may use the socket is written on it. */
static void say_denied(const char *path)
{
    struct stat found;
    const struct group *group;
    const struct passwd *owner;

    if (stat(path, &found) != 0) {
        ctl_say("permission denied at %s: you may not look into its directory", path);
    } else if ((found.st_mode & S_IWGRP) != 0) {
        group = getgrgid(found.st_gid);
        if (group != NULL)
            ctl_say("permission denied at %s: join group %s", path, group->gr_name);
        else
            ctl_say("permission denied at %s: join group %lu", path, (unsigned long)found.st_gid);
    } else {
        owner = getpwuid(found.st_uid);
        ctl_say("permission denied at %s: only its owner%s%s may use it; set socket_mode", path,
                owner != NULL ? " " : "", owner != NULL ? owner->pw_name : "");
    }
}

enum ctl_exit ctl_explain(const struct ctl *ctl, const struct pmadc *client,
                          enum pmadc_status status)
{
    char address[ADDRESS_SIZE];

    (void)pmadc_address(address, sizeof address, ctl->socket);
    switch (status) {
    case PMADC_OK:
    case PMADC_STOPPED:
        break;
    case PMADC_NO_DAEMON:
        ctl_say("%s; start pmadd or name its socket with --socket", pmadc_error(client));
        break;
    case PMADC_DENIED:
        say_denied(address);
        break;
    case PMADC_REFUSED:
        ctl_say("refused by the daemon: %s", pmadc_error(client));
        break;
    case PMADC_TIMEOUT:
        ctl_say("%s", pmadc_error(client));
        break;
    case PMADC_PROTOCOL:
        ctl_say("%s; is it pmadd that listens at %s?", pmadc_error(client), address);
        break;
    case PMADC_FAILED:
    case PMADC_LOST:
    case PMADC_INVALID:
    case PMADC_MEMORY:
        ctl_say("%s", pmadc_error(client));
        break;
    }
    return exits[status];
}

enum ctl_exit ctl_connect(const struct ctl *ctl, struct pmadc **client)
{
    enum pmadc_status status =
        pmadc_connect(client, ctl->socket, ctl_timeout(ctl, CONNECT_TIMEOUT_MS));
    enum ctl_exit done = ctl_explain(ctl, *client, status);

    if (status != PMADC_OK) {
        pmadc_close(*client);
        *client = NULL;
    }
    return done;
}

enum ctl_exit ctl_flush(enum ctl_exit status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    ctl_say("cannot write the output: %s", strerror(errno));
    return CTL_FAILED;
}
