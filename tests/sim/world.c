#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- what happened ---- */

void world_note(struct world *world, const struct actor *actor, const char *format, ...)
{
    char *line = world->log[world->log_next];
    int size = snprintf(line, LOG_WIDTH, "%6lu  %2d  ", world->step,
                        actor != NULL ? actor->remote->number : 0);
    va_list arguments;

    world->log_next = (world->log_next + 1) % LOG_LINES;
    va_start(arguments, format);
    size += vsnprintf(line + size, (size_t)(LOG_WIDTH - 1 - size), format, arguments);
    va_end(arguments);
    if (size > LOG_WIDTH - 2)
        size = LOG_WIDTH - 2;
    line[size] = '\n';
    line[size + 1] = 0;
    if (world->verbose)
        (void)fputs(line, stdout);
    if (world->find != NULL && strstr(line, world->find) != NULL)
        model_failed("the log has what was to be found");
}

/* ---- a turn, and what is heard of it ---- */

struct actor *world_actor(const struct world *world, const struct remote *remote)
{
    return model_actor(&world->model, remote->number);
}

static void listen_to(struct world *world, struct actor *actor)
{
    struct heard_frame frame;

    world->events += actor->remote->heard.size > actor->heard_before;
    while (hear_frame(actor->remote, &frame))
        model_heard(&world->model, actor, &frame);
    actor->heard_before = actor->remote->heard.size;
}

/* Whom the core has given up gets nothing more, though his end is yet to come. */
static void note_gone(struct world *world)
{
    for (struct actor *actor = world->model.actors; actor != NULL; actor = actor->next)
        if (actor->remote->seat->peer.standing != PEER_OPEN)
            model_gone(&world->model, actor);
}

/* Lets the model judge the next request of an actor, as far as the core has. False: there is more of it to
 * come. */
static bool judge_next(struct world *world, struct actor *actor)
{
    struct remote *remote = actor->remote;
    struct request *request = actor->requests;
    size_t judged = remote->fed - remote_unjudged(remote);

    if (request->head_end > judged)
        return false;
    if (world->kind->scarce && remote->seat->peer.standing == PEER_DROPPED) {
        model_doubted(&world->model, actor, request);
    } else {
        if (!request->begun)
            model_begun(&world->model, actor, request);
        if (request->end > judged)
            return false;
        if (!request->refused)
            model_judged(&world->model, actor, request);
    }
    actor->requests = request->next;
    if (actor->requests == NULL)
        actor->requests_end = &actor->requests;
    request_free(request);
    return true;
}

/* A request is judged when the core keeps none of its bytes any more. What the actor has heard by then
 * was said before. */
static void on_fed(struct remote *remote, void *context)
{
    struct world *world = context;
    struct actor *actor = world_actor(world, remote);
    uint64_t before = world->model.ticks;

    world->events += remote->fed > actor->fed_before;
    actor->fed_before = remote->fed;
    listen_to(world, actor);
    while (actor->requests != NULL && judge_next(world, actor))
        ;
    if (world->model.ticks != before)
        note_gone(world);
}

/* The core ends a peer: only one that gave it a reason, or when there is no memory even to say so. */
static void on_end(struct remote *remote, enum peer_standing standing, void *context)
{
    struct world *world = context;
    struct actor *actor = world_actor(world, remote);
    bool unfinished = actor->requests != NULL;
    bool silent = remote->fed == 0;

    world_note(world, actor, "is %s", standing == PEER_DROPPED ? "dropped" : "ended");
    world->dropped++;
    world->events++;
    if (standing == PEER_ENDING && !actor->doomed)
        model_failed("a peer was ended that sent nothing wrong");
    if (standing == PEER_DROPPED && !actor->slow && !unfinished && !silent && !world->kind->scarce)
        model_failed("a peer was dropped without a reason");
    listen_to(world, actor);
    model_left(&world->model, actor);
}

/* Who has been told why his connection is to be closed is gone. */
static void expect_closed(const struct world *world)
{
    for (const struct actor *actor = world->model.actors; actor != NULL; actor = actor->next) {
        const struct request *next = actor->requests;

        if (actor->doomed && !actor->slow && (next == NULL || next->refused))
            model_failed("a peer was not closed that is to be");
    }
}

void world_turn(struct world *world)
{
    struct router_counts counts;

    world->events++;
    router_tick(world->rig.router, world->rig.now);
    note_gone(world);
    model_tick(&world->model, world->rig.now);
    rig_turn(&world->rig);
    note_gone(world);
    for (struct actor *actor = world->model.actors; actor != NULL; actor = actor->next)
        listen_to(world, actor);
    model_quiet(&world->model);
    expect_closed(world);
    counts = rig_counts(&world->rig);
    if (counts.starved > world->starved)
        world->starved = counts.starved;
    if (counts.tasks > world->tasks)
        world->tasks = counts.tasks;
}

struct actor *world_join(struct world *world, unsigned rights, const unsigned *some)
{
    struct remote *remote = remote_with(&world->rig, rights);
    struct actor *actor = model_join(&world->model, remote, rights);

    for (size_t place = 0; some != NULL && place < PEER_RIGHTS; place++) {
        actor->some[place] = some[place];
        for (size_t i = 0; i < PATTERNS; i++)
            if (some[place] & 1U << i)
                router_grant(world->rig.router, &remote->seat->peer, 1U << place, i);
    }
    world->events++;
    world_note(world, actor, "connects%s%s", rights == RIGHT_ALL ? "" : ", without some rights",
               actor->reserved ? ", from the reserve" : "");
    return actor;
}

/* ---- from beginning to end ---- */

/* Half of what the pool `tasks` can hold of bodies beside what is reserved, or one of them. */
static size_t arriving_max(const struct rig *rig)
{
    size_t payload_max = rig->setup.limits.payload_max;
    struct pmad_stats stats;
    size_t room = 0;

    pmad_stats(rig->pools.tasks, &stats);
    for (size_t i = 0; i < stats.class_count; i++)
        room += (stats.classes[i].block_size - sizeof(struct block)) *
                (stats.classes[i].blocks - stats.classes[i].in_use);
    return room / 2 > payload_max ? room / 2 : payload_max;
}

void world_init(struct world *world, const struct kind *kind, const struct rig_setup *setup,
                const struct rulebook *book, const struct dice *dice)
{
    *world = (struct world){.kind = kind, .dice = *dice};
    model_init(&world->model, setup, book, kind->strictness);
    rig_init(&world->rig, setup);
    world->arriving_max = arriving_max(&world->rig);
    world->rig.on_fed = on_fed;
    world->rig.on_end = on_end;
    world->rig.context = world;
}

void world_report(const struct world *world)
{
    struct router_counts counts = rig_counts(&world->rig);

    printf(
        "%s: %llu events, %llu tasks (%llu completed, %llu failed, %llu cancelled, %llu abandoned, "
        "%llu retried), %zu at once, %llu joined, %llu refused, %lu peers ended, %zu starved at "
        "once\n",
        world->kind->name, (unsigned long long)world->events, (unsigned long long)counts.submitted,
        (unsigned long long)counts.completed, (unsigned long long)counts.failed,
        (unsigned long long)counts.cancelled, (unsigned long long)counts.abandoned,
        (unsigned long long)counts.retried, world->tasks, (unsigned long long)counts.coalesced,
        (unsigned long long)counts.refused, world->dropped, world->starved);
}

void world_finish(struct world *world)
{
    model_free(&world->model);
    world->rig.on_fed = NULL;
    world->rig.on_end = NULL;
    rig_finish(&world->rig);
}
