#include "daemon_pools.h"

#include <errno.h>
#include <string.h>

#include "log.h"

/* What to do about a refusal; NULL where its text says it all. */
static const char *remedy(enum pmad_status status)
{
    switch (status) {
    case PMAD_MAPPING_REFUSED:
    case PMAD_PREFAULT_REFUSED:
        return "make the pool smaller, or give the machine more memory";
    case PMAD_LOCK_REFUSED:
        return "raise RLIMIT_MEMLOCK (LimitMEMLOCK= in a unit, ulimit -l in a shell)";
    case PMAD_HUGE_PAGES_REFUSED:
        return "set huge_pages = try, or let the kernel give them "
               "(/sys/kernel/mm/transparent_hugepage/enabled)";
    case PMAD_OK:
    case PMAD_NO_CLASSES:
    case PMAD_TOO_MANY_CLASSES:
    case PMAD_BLOCK_ZERO:
    case PMAD_BLOCK_UNALIGNED:
    case PMAD_BLOCK_TOO_LARGE:
    case PMAD_NOT_ASCENDING:
    case PMAD_SHARE_ZERO:
    case PMAD_SHARES_NOT_100:
    case PMAD_POOL_TOO_SMALL:
    case PMAD_POOL_TOO_LARGE:
        return "run pmadd --check-config";
    }
    return "run pmadd --check-config";
}

/* What was only to be tried for and not had, or not asked for, is not promised. */
static void log_not_had(enum config_pool_id id, const struct pmad_layout *layout,
                        const struct pmad *pool)
{
    struct pmad_stats stats;

    pmad_stats(pool, &stats);
    if (!stats.prefaulted)
        log_event(layout->prefault == PMAD_OFF ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING,
                  "pool %s is not prefaulted: its memory is not promised, and first uses are slow",
                  config_pool_names[id]);
    if (layout->lock != PMAD_OFF && !stats.locked)
        log_event(LOG_LEVEL_WARNING, "pool %s is not locked: it may be paged out",
                  config_pool_names[id]);
    if (layout->huge_pages != PMAD_OFF && !stats.huge_pages)
        log_event(LOG_LEVEL_INFO, "pool %s has no huge pages", config_pool_names[id]);
}

int daemon_pools_map(struct daemon_pools *pools, const struct budget *budget)
{
    *pools = (struct daemon_pools){{NULL}};
    for (enum config_pool_id id = POOL_TASKS; id < CONFIG_POOLS; id++) {
        enum pmad_status status;
        int err;

        errno = 0;
        status = pmad_init(&pools->of[id], &budget->layouts[id]);
        err = errno != 0 ? errno : ENOMEM;
        if (status != PMAD_OK) {
            log_event(LOG_LEVEL_ERROR, "pool %s of %zu bytes: %s: %s; %s", config_pool_names[id],
                      budget->fits[id].mapping_size, pmad_strerror(status), strerror(err),
                      remedy(status));
            daemon_pools_unmap(pools);
            return -err;
        }
        log_not_had(id, &budget->layouts[id], pools->of[id]);
    }
    return 0;
}

static bool is_sound(enum config_pool_id id, struct pmad *pool)
{
    struct pmad_check check;
    struct pmad_stats stats;

    if (pmad_check(pool, &check) != PMAD_SOUND) {
        log_event(LOG_LEVEL_ERROR, "pool %s: %s, class %zu, block %zu", config_pool_names[id],
                  pmad_finding_text(check.finding), check.class_index, check.block_index);
        return false;
    }
    pmad_stats(pool, &stats);
    if (stats.used_size > 0 && id != POOL_RUNTIME) {
        log_event(LOG_LEVEL_ERROR, "pool %s: %zu bytes were not given back", config_pool_names[id],
                  stats.used_size);
        return false;
    }
    return true;
}

bool daemon_pools_are_sound(const struct daemon_pools *pools)
{
    bool sound = true;

    for (enum config_pool_id id = POOL_TASKS; id < CONFIG_POOLS; id++)
        sound = is_sound(id, pools->of[id]) && sound;
    return sound;
}

void daemon_pools_unmap(struct daemon_pools *pools)
{
    for (size_t i = 0; i < CONFIG_POOLS; i++)
        pmad_destroy(pools->of[i]);
    *pools = (struct daemon_pools){{NULL}};
}
