#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "ctl.h"

enum { TIMEOUT_MS = 10000 };

int ctl_reload(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = ctl_no_options,
        .doc = "Lets the daemon read its configuration again, and says why not where it does not "
               "apply it: then nothing has changed.\vExample:\n  pmadctl reload",
    };
    struct pmadc *client;
    const char *text;
    enum ctl_exit done;

    ctl_parse(ctl, &argp, argc, argv, NULL);
    done = ctl_connect(ctl, &client);
    if (done != CTL_COMPLETE)
        return done;
    done = ctl_explain(ctl, client,
                       pmadc_admin(client, "reload", ctl_timeout(ctl, TIMEOUT_MS), &text));
    pmadc_close(client);
    return done;
}
