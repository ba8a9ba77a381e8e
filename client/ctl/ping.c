#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl.h"

enum { TIMEOUT_MS = 5000, ADDRESS_SIZE = 4096 };

static double ms_since(const struct timespec *begin)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) * 1e3 +
           (double)(now.tv_nsec - begin->tv_nsec) / 1e6;
}

int ctl_ping(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = ctl_no_options,
        .doc = "Sends the daemon a few bytes, waits until they come back, and prints how long that "
               "took.\vExample:\n  pmadctl ping --timeout=100ms",
    };
    char address[ADDRESS_SIZE];
    struct timespec begin;
    struct pmadc *client;
    enum pmadc_status status;
    enum ctl_exit done;

    ctl_parse(ctl, &argp, argc, argv, NULL);
    done = ctl_connect(ctl, &client);
    if (done != CTL_COMPLETE)
        return done;
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    status = pmadc_ping(client, ctl_timeout(ctl, TIMEOUT_MS));
    if (status == PMADC_OK)
        (void)printf("%s answered in %.3f ms\n",
                     pmadc_address(address, sizeof address, ctl->socket), ms_since(&begin));
    done = ctl_explain(ctl, client, status);
    pmadc_close(client);
    return ctl_flush(done);
}

int ctl_version(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = ctl_no_options,
        .doc = "Prints the version of the daemon, which may differ from this program's (--version)."
               "\vExample:\n  pmadctl version",
    };
    struct pmadc *client;
    const char *text;
    enum pmadc_status status;
    enum ctl_exit done;

    ctl_parse(ctl, &argp, argc, argv, NULL);
    done = ctl_connect(ctl, &client);
    if (done != CTL_COMPLETE)
        return done;
    status = pmadc_admin(client, "version", ctl_timeout(ctl, TIMEOUT_MS), &text);
    if (status == PMADC_OK)
        (void)printf("%s\n", strncmp(text, "OK ", 3) == 0 ? text + 3 : text);
    done = ctl_explain(ctl, client, status);
    pmadc_close(client);
    return ctl_flush(done);
}
