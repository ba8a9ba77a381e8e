#include "pace.h"

enum { BLOCK = 64 /* steps */, PACES = 20 };

#define MINUTE_US UINT64_C(60000000)

enum pace { BURST, TRICKLE, NIGHT };

static enum pace pace_of(uint64_t seed, unsigned long step)
{
    struct dice dice = {.state = seed ^ (step / BLOCK + 1) * UINT64_C(0xd6e8feb86659fd93)};
    size_t rolled = dice_roll(&dice, PACES);

    if (rolled == 0)
        return NIGHT;
    return rolled < 8 ? TRICKLE : BURST;
}

static void advance(struct world *world, uint64_t to_us)
{
    world->rig.now.wall_us += (int64_t)(to_us - world->rig.now.mono_us);
    world->rig.now.mono_us = to_us;
    world_turn(world);
}

void pace_sleep(struct world *world, uint64_t us)
{
    uint64_t until = world->rig.now.mono_us + us;
    uint64_t next;

    while ((next = router_deadline(world->rig.router)) < until)
        advance(world, next > world->rig.now.mono_us ? next : world->rig.now.mono_us);
    advance(world, until);
}

/* In whole milliseconds, as which time limits are counted. */
bool pace_step(struct world *world, uint64_t seed)
{
    struct dice *dice = &world->dice;
    enum pace pace = pace_of(seed, world->step);
    bool falls = pace == NIGHT && world->step % BLOCK == 0;
    uint64_t us = 0;

    if (falls)
        us = (10 + dice_roll(dice, 470)) * MINUTE_US;
    else if (pace == NIGHT)
        us = dice_size(dice, 300000) * 1000;
    else if (pace == TRICKLE)
        us = dice_size(dice, 20000) * 1000;
    else if (dice_chance(dice, 30))
        us = dice_size(dice, 20) * 1000;
    if (us == 0)
        return false;
    world_note(world, NULL, "%s%llu ms go by", falls ? "night: " : "",
               (unsigned long long)(us / 1000));
    pace_sleep(world, us);
    return falls;
}
