#include "spin.h"

#include <stdbool.h>

#include "pmad_must.h"

enum { NS_PER_US = 1000, LATE_MAX = 63 };

void spin_init(struct spin *spin, uv_loop_t *uv, uint64_t most_us)
{
    spin->most_us = most_us;
    spin->last_us = 0;
    spin->late = 0;
    MUST(uv_idle_init(uv, &spin->idle) == 0);
    spin->idle.data = spin;
}

static void on_idle(uv_idle_t *idle)
{
    const struct spin *spin = idle->data;

    if (uv_hrtime() / NS_PER_US >= spin->until_us)
        uv_idle_stop(idle);
}

void spin_on(struct spin *spin, uint64_t now_us)
{
    bool in_time = now_us - spin->last_us <= spin->most_us;

    if (spin->most_us == 0)
        return;
    spin->last_us = now_us;
    if (in_time)
        spin->late = 0;
    else if (spin->late < LATE_MAX)
        spin->late++;
    spin->until_us = now_us + (spin->most_us >> spin->late);
    if (spin->until_us > now_us)
        MUST(uv_idle_start(&spin->idle, on_idle) == 0);
}
