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

/* A request is judged when the core keeps none of its bytes any more. What the actor has heard by then
 * was said before. */
static void on_fed(struct remote *remote, void *context)
{
    struct world *world = context;
    struct actor *actor = world_actor(world, remote);
    size_t judged = remote->fed - remote_unjudged(remote);
    bool doubtful = world->kind->scarce && remote->seat->peer.standing == PEER_DROPPED;

    world->events += remote->fed > actor->fed_before;
    actor->fed_before = remote->fed;
    listen_to(world, actor);
    while (actor->requests != NULL && actor->requests->head_end <= judged) {
        struct request *request = actor->requests;

        if (doubtful) {
            model_doubted(&world->model, actor, request);
        } else {
            if (!request->begun)
                model_begun(&world->model, actor, request);
            if (request->end > judged)
                return;
            if (!request->refused)
                model_judged(&world->model, actor, request);
        }
        actor->requests = request->next;
        if (actor->requests == NULL)
            actor->requests_end = &actor->requests;
        request_free(request);
    }
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

void world_turn(struct world *world)
{
    struct router_counts counts;

    world->events++;
    model_tick(&world->model, world->rig.now);
    rig_turn(&world->rig);
    for (struct actor *actor = world->model.actors; actor != NULL; actor = actor->next)
        listen_to(world, actor);
    model_quiet(&world->model);
    counts = rig_counts(&world->rig);
    if (counts.starved > world->starved)
        world->starved = counts.starved;
    if (counts.tasks > world->tasks)
        world->tasks = counts.tasks;
}

struct actor *world_join(struct world *world, unsigned rights)
{
    struct actor *actor = model_join(&world->model, remote_with(&world->rig, rights), rights);

    world->events++;
    world_note(world, actor, "connects%s", rights == RIGHT_ALL ? "" : ", without some rights");
    return actor;
}

/* ---- from beginning to end ---- */

void world_init(struct world *world, const struct kind *kind, const struct rig_setup *setup,
                const struct dice *dice)
{
    *world = (struct world){.kind = kind, .dice = *dice};
    model_init(&world->model, setup, kind->strictness);
    rig_init(&world->rig, setup);
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
