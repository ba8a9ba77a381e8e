#include "events.h"

#include <string.h>

#include "acts.h"
#include "gm_packet.h"
#include "stream.h"

/* Somebody who talks; NULL: nobody. */
static struct actor *somebody(struct world *world)
{
    size_t talkers = 0;
    size_t chosen;

    for (struct actor *actor = world->model.actors; actor != NULL; actor = actor->next)
        talkers += !actor->slow && !actor->doomed;
    chosen = dice_roll(&world->dice, talkers);
    for (struct actor *actor = world->model.actors; actor != NULL; actor = actor->next)
        if (!actor->slow && !actor->doomed && chosen-- == 0)
            return actor;
    return NULL;
}

/* Sends what an earlier event has left over, where it must not come in one write with what follows:
 * the model knows who was woken only after a turn. False if the actor did not outlive it. */
static bool deliver_rest(struct world *world, struct actor *actor)
{
    const struct remote *remote = actor->remote;

    if (actor->unsent.size > 0)
        stream_deliver(world, actor, true);
    return world_actor(world, remote) != NULL;
}

/* ---- what can happen ---- */

static void connects(struct world *world, struct actor *actor)
{
    static const unsigned rights[] = {RIGHT_ALL & ~RIGHT_ADMIN, RIGHT_ALL & ~RIGHT_WORK,
                                      RIGHT_ALL & ~RIGHT_SUBMIT};
    size_t way = dice_roll(&world->dice, 15);
    size_t here = 0;

    for (actor = world->model.actors; actor != NULL; actor = actor->next)
        here++;
    if (here < ACTORS_MAX)
        (void)world_join(world, way < 3 ? rights[way] : RIGHT_ALL);
}

static void forget(struct world *world, struct actor *actor)
{
    struct remote *remote = actor->remote;

    model_left(&world->model, actor);
    remote_free(remote);
}

static void leaves(struct world *world, struct actor *actor)
{
    world_note(world, actor, "leaves");
    forget(world, actor);
    world_turn(world);
}

static void talks_nonsense(struct world *world, struct actor *actor)
{
    static const struct {
        const char *magic, *refusal;
        size_t judged; /* so many bytes of it decide */
        uint32_t type;
        bool fatal;
    } ways[] = {{"\0RES", "INVALID_MAGIC|", 34, GM_WORK_COMPLETE, false},
                {"\0REQ", "INVALID_COMMAND|", HEADER_SIZE, 1234567, false},
                {"\0REQ", "INVALID_COMMAND|", HEADER_SIZE, 0xffffffff, false},
                {"\0REQ", "INVALID_COMMAND|", HEADER_SIZE, GM_ALL_YOURS, false},
                {"\0REQ", "INVALID_COMMAND|", HEADER_SIZE, GM_NOOP, false},
                {"\0REQ", "INVALID_COMMAND|", 34, GM_SUBMIT_JOB, false},
                {"\0ReQ", "INVALID_MAGIC|", 3, GM_ECHO_REQ, true}};
    size_t way = dice_roll(&world->dice, sizeof ways / sizeof *ways);
    struct request *request = request_add(actor, ways[way].type);
    struct bytes content = {0};

    add_text(&content, "nothing like arguments", false);
    world_note(world, actor, "nonsense %zu", way);
    request->refusal = ways[way].refusal;
    request->head_end = actor->posted + ways[way].judged;
    stream_frame(actor, ways[way].magic, ways[way].type, &content);
    bytes_free(&content);
    request->end = actor->posted;
    actor->doomed = ways[way].fatal;
    stream_deliver(world, actor, ways[way].fatal);
}

static void reads_slowly(struct world *world, struct actor *actor)
{
    world_note(world, actor, "stops reading");
    actor->slow = true;
    actor->remote->appetite = dice_roll(&world->dice, 3) == 0 ? dice_size(&world->dice, 3000) : 0;
}

static void reads_again(struct world *world, struct actor *actor)
{
    size_t percent = world->model.strictness == MODEL_EXACT ? 50 : 15;

    for (actor = world->model.actors; actor != NULL; actor = actor->next)
        if (actor->slow && dice_chance(&world->dice, percent)) {
            actor->slow = dice_chance(&world->dice, 50);
            actor->remote->appetite = actor->slow ? dice_size(&world->dice, 3000) : SIZE_MAX;
            world_note(world, actor, "reads %s", actor->slow ? "a little" : "again");
        }
    world_turn(world);
}

static void sends_the_rest(struct world *world, struct actor *actor)
{
    stream_deliver(world, actor, false);
}

/* In whole milliseconds, as which time limits are counted. */
static void time_passes(struct world *world, struct actor *actor)
{
    uint64_t us = dice_size(&world->dice, 4000) * 1000;

    (void)actor;
    world_note(world, NULL, "%llu us pass", (unsigned long long)us);
    world->rig.now.mono_us += us;
    world->rig.now.wall_us += (int64_t)us;
    world_turn(world);
}

/* Somebody sets the wall clock: a little or far, forward or back, or to before 1970. */
static void clock_is_set(struct world *world, struct actor *actor)
{
    int64_t by_us = (int64_t)dice_size(&world->dice, 200000) * 1000;
    size_t rolled = dice_roll(&world->dice, 20);

    (void)actor;
    if (rolled < 8)
        world->rig.now.wall_us -= by_us;
    else if (rolled < 18)
        world->rig.now.wall_us += by_us;
    else
        world->rig.now.wall_us = rolled == 18 ? RIG_WALL_US : -5000000;
    world_note(world, NULL, "it is %lld us since 1970", (long long)world->rig.now.wall_us);
    world_turn(world);
}

static const struct event {
    unsigned weight;
    bool of_somebody;
    bool goes_on; /* may come in one write with what an earlier event left over */
    void (*happens)(struct world *world, struct actor *actor);
} events[] = {
    {12, false, false, connects},    {3, true, false, leaves},
    {40, true, true, submits},       {20, true, true, changes_abilities},
    {12, true, false, falls_asleep}, {45, true, false, grabs},
    {50, true, false, works},        {5, true, false, meddles},
    {12, true, true, asks_status},   {5, true, true, asks},
    {6, true, true, asks_in_text},   {6, true, false, administers},
    {3, true, true, talks_nonsense}, {4, true, false, reads_slowly},
    {8, false, false, reads_again},  {10, true, true, sends_the_rest},
    {6, false, false, time_passes},  {2, false, false, clock_is_set},
};

/* ---- an event ---- */

static void drain(struct world *world)
{
    for (struct actor *actor = world->model.actors; actor != NULL; actor = actor->next)
        remote_post(actor->remote, actor->unsent.at, actor->unsent.size);
    for (struct actor *actor = world->model.actors; actor != NULL; actor = actor->next)
        bytes_free(&actor->unsent);
    world_turn(world);
    world_note(world, NULL, "submissions are over");
    router_drain(world->rig.router);
    world->model.draining = true;
}

/* Remotes whose peer the core has ended. */
static void bury(struct world *world)
{
    struct remote *next;

    for (struct remote *remote = world->rig.remotes; remote != NULL; remote = next) {
        next = remote->next;
        if (remote->seat == NULL)
            remote_free(remote);
    }
}

void event_happens(struct world *world, unsigned long steps)
{
    const struct event *event = events;
    struct actor *actor = somebody(world);
    size_t total = 0, rolled;

    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        total += events[i].weight;
    rolled = dice_roll(&world->dice, total);
    while (rolled >= event->weight)
        rolled -= event++->weight;
    if (event->of_somebody && actor == NULL)
        event = &events[0];
    if (!event->of_somebody || event->goes_on || deliver_rest(world, actor))
        event->happens(world, actor);
    if (!world->model.draining && world->step > steps - steps / 20)
        drain(world);
    bury(world);
}

void everybody_reads(struct world *world)
{
    for (struct actor *actor = world->model.actors; actor != NULL; actor = actor->next) {
        actor->slow = false;
        actor->remote->appetite = SIZE_MAX;
        remote_post(actor->remote, actor->unsent.at, actor->unsent.size);
        bytes_free(&actor->unsent);
    }
    world_turn(world);
}

void can_do_everything(struct world *world, struct actor *actor)
{
    for (unsigned function = 0; function < FUNCTIONS; function++) {
        struct request *request = request_add(actor, GM_CAN_DO);

        request->function = function;
        stream_request(world, actor, request);
    }
    stream_deliver(world, actor, true);
}

void everybody_finishes(struct world *world)
{
    struct job *job = world->model.jobs;

    while (job != NULL) {
        struct actor *holder = job->holder;

        job = job->next;
        if (holder == NULL || holder->requests != NULL)
            continue;
        says_of(world, holder, held_by(world, holder), GM_WORK_COMPLETE);
        stream_deliver(world, holder, true);
    }
}

void grab_one(struct world *world, struct actor *actor)
{
    if (actor->requests != NULL) {
        world_turn(world);
        return;
    }
    stream_request(world, actor, request_add(actor, GM_GRAB_JOB_ALL));
    stream_deliver(world, actor, true);
}
