#include "watchdog.h"

#include <systemd/sd-daemon.h>

#include "log.h"
#include "notify.h"
#include "router.h"

void watchdog_init(struct watchdog *watchdog)
{
    uint64_t limit_us = 0;

    *watchdog = (struct watchdog){0};
    if (sd_watchdog_enabled(0, &limit_us) > 0)
        watchdog->every_us = limit_us / 2;
}

uint64_t watchdog_deadline(const struct watchdog *watchdog)
{
    return watchdog->every_us > 0 ? watchdog->next_us : UINT64_MAX;
}

void watchdog_tell(struct watchdog *watchdog, struct router *router, uint64_t now_us)
{
    const char *finding;

    if (now_us < watchdog_deadline(watchdog))
        return;
    watchdog->next_us = now_us + watchdog->every_us;
    finding = router_audit(router);
    if (finding == NULL)
        notify_alive();
    else
        log_event(LOG_AUDIT_FAILED, "%s; the service manager is not told that all is well",
                  finding);
}
