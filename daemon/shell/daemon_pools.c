#include "daemon_pools.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "pmad_must.h"
#include "text.h"

/* What the system can refuse: the setting that insists on it, and what to do about it. */
static const struct refusal {
    const char *setting, *remedy;
} refusals[] = {
    [PMAD_MAPPING_REFUSED] = {"size", "make the pool smaller, or give the machine more memory"},
    [PMAD_PREFAULT_REFUSED] = {"prefault = require",
                               "make the pool smaller, or give the machine more memory"},
    [PMAD_LOCK_REFUSED] = {"lock = require",
                           "raise RLIMIT_MEMLOCK (LimitMEMLOCK= in a unit, ulimit -l in a shell)"},
    [PMAD_HUGE_PAGES_REFUSED] = {"huge_pages = require",
                                 "set huge_pages = try, or let the kernel give them "
                                 "(/sys/kernel/mm/transparent_hugepage/enabled)"},
    [PMAD_EXPLICIT_HUGE_PAGES_REFUSED] = {"explicit_huge_pages = require",
                                          "set explicit_huge_pages = try, or put more pages of "
                                          "2 MiB aside (sysctl vm.nr_hugepages)"},
};

/* Returns whether a pool of that layout asks for what was refused. */
static bool asks(const struct pmad_layout *layout, enum pmad_status refused)
{
    return (refused == PMAD_LOCK_REFUSED ? layout->lock : layout->explicit_huge_pages) != PMAD_OFF;
}

/* How much was needed and how much is allowed, where that is limited. What is allowed is for the whole
 * process, and so all pools have been given back by now. */
static void put_shortage(struct text *text, const struct budget *budget, enum config_pool_id id,
                         enum pmad_status status)
{
    struct pmad_shortage shortage = pmad_shortage(&budget->layouts[id], status);
    size_t needed = 0;

    if (shortage.needed == 0 || shortage.allowed == SIZE_MAX)
        return;
    for (size_t i = 0; i < CONFIG_POOLS; i++)
        needed += asks(&budget->layouts[i], status) ? budget->fits[i].mapping_size : 0;
    text_put(text, "the pools that ask for it need %zu bytes, and %zu are allowed; ", needed,
             shortage.allowed);
}

static void log_refusal(const struct budget *budget, enum config_pool_id id,
                        enum pmad_status status, int err)
{
    const struct refusal *refusal = &refusals[status];
    char numbers[128];
    struct text text = text_in(numbers, sizeof numbers);

    put_shortage(&text, budget, id, status);
    log_event(LOG_POOL_FAILED, "pool %s of %zu bytes: %s: %s: %s; %s%s", config_pool_names[id],
              budget->fits[id].mapping_size, refusal->setting, pmad_strerror(status), strerror(err),
              numbers, refusal->remedy);
}

/* What was only to be tried for and not had, or not asked for, is not promised. */
static void log_not_had(enum config_pool_id id, const struct pmad_layout *layout,
                        const struct pmad *pool)
{
    struct pmad_stats stats;

    pmad_stats(pool, &stats);
    if (!stats.prefaulted)
        log_event(layout->prefault == PMAD_OFF ? LOG_POOL_UNTOUCHED : LOG_POOL_NOT_PREFAULTED,
                  "its memory is not promised, and first uses are slow; pool=%s",
                  config_pool_names[id]);
    if (layout->lock != PMAD_OFF && !stats.locked)
        log_event(LOG_POOL_NOT_LOCKED, "it may be paged out; pool=%s", config_pool_names[id]);
    if (layout->huge_pages != PMAD_OFF && !stats.huge_pages)
        log_event(LOG_POOL_SMALL_PAGES, "it has no huge pages; pool=%s", config_pool_names[id]);
    if (layout->explicit_huge_pages != PMAD_OFF && !stats.explicit_huge_pages)
        log_event(LOG_POOL_NO_HUGE_PAGES, "it has no explicit huge pages; pool=%s left=%zu",
                  config_pool_names[id],
                  pmad_shortage(layout, PMAD_EXPLICIT_HUGE_PAGES_REFUSED).allowed);
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
            /* What arithmetic can find, config and budget have found. */
            MUST(status >= PMAD_MAPPING_REFUSED);
            daemon_pools_unmap(pools);
            log_refusal(budget, id, status, err);
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
        log_event(LOG_POOL_DAMAGED, "%s; pool=%s class=%zu block=%zu",
                  pmad_finding_text(check.finding), config_pool_names[id], check.class_index,
                  check.block_index);
        return false;
    }
    pmad_stats(pool, &stats);
    if (stats.used_size > 0 && id != POOL_RUNTIME) {
        log_event(LOG_POOL_LEAK, "blocks were not given back; pool=%s bytes=%zu",
                  config_pool_names[id], stats.used_size);
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
