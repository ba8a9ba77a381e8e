#include "events.h"

#include <string.h>

#include "acts.h"
#include "gm_packet.h"
#include "stream.h"

static bool talks(const struct actor *actor)
{
    return !actor->slow && !actor->mute && !actor->liar && !actor->doomed;
}

/* Somebody who talks; NULL: nobody. */
static struct actor *somebody(struct world *world)
{
    size_t talkers = 0;
    size_t chosen;

    for (struct actor *actor = world->model.actors; actor != NULL; actor = actor->next)
        talkers += talks(actor);
    chosen = dice_roll(&world->dice, talkers);
    for (struct actor *actor = world->model.actors; actor != NULL; actor = actor->next)
        if (talks(actor) && chosen-- == 0)
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

/* All rights, all but one, or each for all functions, for some, or for none. Returns those for all. */
static unsigned roll_rights(struct world *world, unsigned *some)
{
    size_t rolled = dice_roll(&world->dice, 15);
    unsigned rights = RIGHT_ALL;

    if (rolled < PEER_RIGHTS)
        rights &= ~(1U << rolled);
    for (size_t place = 0; rolled >= 11 && place < PEER_RIGHTS; place++) {
        if (dice_chance(&world->dice, 40))
            continue;
        rights &= ~(1U << place);
        some[place] = (unsigned)dice_roll(&world->dice, 1U << PATTERNS);
    }
    return rights;
}

/* Who has no right at all is not let in. */
static void connects(struct world *world, struct actor *actor)
{
    unsigned some[PEER_RIGHTS] = {0};
    unsigned rights = roll_rights(world, some);
    unsigned all = rights;
    size_t here = 0;

    for (actor = world->model.actors; actor != NULL; actor = actor->next)
        here++;
    for (size_t place = 0; place < PEER_RIGHTS; place++)
        all |= some[place] != 0 ? 1U << place : 0;
    if (router_has_room(world->rig.router, all) != model_has_room(&world->model, all))
        model_failed("the core has room for a peer where the model has none, or none");
    if (all != 0 && here < world->kind->actors_max && model_has_room(&world->model, all))
        (void)world_join(world, rights, some);
}

static void forget(struct world *world, struct actor *actor)
{
    struct remote *remote = actor->remote;

    world->events++;
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

/* Who says nothing any more hangs up sooner or later. */
static void silent_leave(struct world *world)
{
    for (struct actor *next, *actor = world->model.actors; actor != NULL; actor = next) {
        next = actor->next;
        if (actor->mute && dice_chance(&world->dice, 20)) {
            world_note(world, actor, "leaves");
            forget(world, actor);
        }
    }
}

static void reads_again(struct world *world, struct actor *actor)
{
    size_t percent = world->model.strictness == MODEL_EXACT ? 50 : 15;

    silent_leave(world);
    for (actor = world->model.actors; actor != NULL; actor = actor->next)
        if (actor->slow && dice_chance(&world->dice, percent)) {
            actor->slow = dice_chance(&world->dice, 50);
            actor->remote->appetite = actor->slow ? dice_size(&world->dice, 3000) : SIZE_MAX;
            actor->full = false;
            world_note(world, actor, "reads %s", actor->slow ? "a little" : "again");
        }
    world_turn(world);
}

/* Closes its own direction, in the middle of a frame perhaps, and goes on listening. */
static void falls_silent(struct world *world, struct actor *actor)
{
    world_note(world, actor, "says nothing any more");
    actor->mute = true;
    world_turn(world);
}

/* The head of a submission whose body will never come: it is far too large, or there is just none. */
static void announces_much(struct world *world, struct actor *actor)
{
    submits_in_vain(world, actor,
                    dice_chance(&world->dice, 50) ? UINT32_MAX - 4096
                                                  : world->model.setup.limits.payload_max / 2);
}

/* Many submit something large at once, and none of it comes whole. */
static void all_submit(struct world *world, struct actor *actor)
{
    for (actor = world->model.actors; actor != NULL; actor = actor->next)
        if (talks(actor) && actor->unsent.size == 0 && dice_chance(&world->dice, 70))
            submits_slowly(world, actor);
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

/* The machine was suspended, or stood still: at once it is much later, on both clocks or on one. */
static void time_leaps(struct world *world, struct actor *actor)
{
    uint64_t us = dice_size(&world->dice, 100000000) * 1000;

    (void)actor;
    world_note(world, NULL, "time leaps by %llu us", (unsigned long long)us);
    world->rig.now.mono_us += us;
    if (dice_chance(&world->dice, 50))
        world->rig.now.wall_us += (int64_t)us;
    world_turn(world);
}

/* One allocation fails, soon, or all from then on, until this happens again. */
static void allocations_fail(struct world *world, struct actor *actor)
{
    uint64_t nth = 1 + dice_size(&world->dice, 20);

    (void)actor;
    world->scarcity = !world->scarcity && dice_chance(&world->dice, 30);
    world_note(world, NULL, "allocation %llu fails%s", (unsigned long long)nth,
               world->scarcity ? ", and all after it" : "");
    (void)router_scarcity(world->rig.router, nth, world->scarcity);
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

/* The rules are read again, and say what they said: nothing that anybody can notice may come of it. */
static void rules_are_read_again(struct world *world, struct actor *actor)
{
    (void)actor;
    world_note(world, NULL, "the rules are read again");
    if (!rig_change(&world->rig, &world->rig.setup))
        model_failed("the core refuses the rules that it goes by");
    for (struct remote *remote = world->rig.remotes; remote != NULL; remote = remote->next) {
        struct peer *peer = remote->seat != NULL ? &remote->seat->peer : NULL;
        uint64_t some[PEER_RIGHTS];

        if (peer == NULL)
            continue;
        memcpy(some, peer->some, sizeof some);
        router_allow(peer, peer->rights, some);
    }
    world_turn(world);
}

/* In which worlds it can happen. */
enum where { ANYWHERE, WHERE_SCARCE, WHERE_PUSHED };

static const struct event {
    unsigned weight;
    bool of_somebody;
    bool goes_on; /* may come in one write with what an earlier event left over */
    enum where where;
    void (*happens)(struct world *world, struct actor *actor);
} events[] = {
    {12, false, false, ANYWHERE, connects},
    {3, true, false, ANYWHERE, leaves},
    {40, true, true, ANYWHERE, submits},
    {20, true, true, ANYWHERE, changes_abilities},
    {12, true, false, ANYWHERE, falls_asleep},
    {45, true, false, ANYWHERE, grabs},
    {50, true, false, ANYWHERE, works},
    {5, true, false, ANYWHERE, meddles},
    {12, true, true, ANYWHERE, asks_status},
    {5, true, true, ANYWHERE, asks},
    {6, true, true, ANYWHERE, asks_in_text},
    {6, true, false, ANYWHERE, administers},
    {3, true, true, ANYWHERE, talks_nonsense},
    {4, true, false, ANYWHERE, reads_slowly},
    {8, false, false, ANYWHERE, reads_again},
    {10, true, true, ANYWHERE, sends_the_rest},
    {1, true, false, ANYWHERE, falls_silent},
    {1, true, false, ANYWHERE, announces_much},
    {2, false, false, ANYWHERE, all_submit},
    {6, false, false, ANYWHERE, time_passes},
    {1, false, false, ANYWHERE, time_leaps},
    {2, false, false, ANYWHERE, clock_is_set},
    {1, false, false, ANYWHERE, rules_are_read_again},
    {9, true, false, WHERE_PUSHED, asks_for_push},
    {12, false, false, WHERE_SCARCE, allocations_fail},
};

/* ---- an event ---- */

void submissions_end(struct world *world)
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

static unsigned weight_of(const struct world *world, const struct event *event)
{
    bool happens = event->where == ANYWHERE ||
                   (event->where == WHERE_SCARCE && world->kind->scarce) ||
                   (event->where == WHERE_PUSHED && world->pushes);

    return happens ? event->weight : 0;
}

void event_happens(struct world *world)
{
    const struct event *event = events;
    struct actor *actor = somebody(world);
    size_t total = 0, rolled;

    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        total += weight_of(world, &events[i]);
    rolled = dice_roll(&world->dice, total);
    while (rolled >= weight_of(world, event))
        rolled -= weight_of(world, event++);
    if (event->of_somebody && actor == NULL)
        event = &events[0];
    if (!event->of_somebody || event->goes_on || deliver_rest(world, actor))
        event->happens(world, actor);
    bury(world);
}

static void liars_leave(struct world *world)
{
    for (struct actor *next, *actor = world->model.actors; actor != NULL; actor = next) {
        next = actor->next;
        if (actor->liar)
            forget(world, actor);
    }
}

void everybody_reads(struct world *world)
{
    liars_leave(world);
    for (struct actor *actor = world->model.actors; actor != NULL; actor = actor->next) {
        actor->slow = actor->mute = false;
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

static struct actor *who_can_finish(const struct world *world)
{
    struct actor *actor = world->model.actors;

    while (actor != NULL && (actor->requests != NULL || held_by(actor) == NULL))
        actor = actor->next;
    return actor;
}

void everybody_finishes(struct world *world)
{
    struct actor *holder;

    while ((holder = who_can_finish(world)) != NULL) {
        says_of(world, holder, held_by(holder), GM_WORK_COMPLETE);
        stream_deliver(world, holder, true);
    }
}

struct actor *finisher_joins(struct world *world)
{
    struct actor *actor = world_join(world, RIGHT_ALL, NULL);

    can_do_everything(world, actor);
    resumes_everything(world, actor);
    return actor;
}

void finisher_leaves(struct world *world, struct actor *actor)
{
    forget(world, actor);
}

/* What somebody had begun to say may have come to its end by now. */
static bool is_anything_paused(const struct world *world)
{
    for (unsigned function = 0; function < FUNCTIONS; function++)
        if (world->model.functions[function].paused || world->model.functions[function].draining)
            return true;
    return false;
}

void grab_one(struct world *world, struct actor *actor)
{
    if (actor->requests != NULL) {
        world_turn(world);
        return;
    }
    if (is_anything_paused(world))
        resumes_everything(world, actor);
    stream_request(world, actor, request_add(actor, GM_GRAB_JOB_ALL));
    stream_deliver(world, actor, true);
}
