#include "events.h"

#include <stdio.h>
#include <string.h>

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
    size_t here = 0;

    for (actor = world->model.actors; actor != NULL; actor = actor->next)
        here++;
    if (here < ACTORS_MAX)
        (void)world_join(world);
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

static size_t body_size(struct world *world)
{
    size_t max = world->model.payload_max;

    if (dice_chance(&world->dice, world->model.strictness == MODEL_EXACT ? 2 : 10))
        return max + (world->model.strictness == MODEL_EXACT ? dice_roll(&world->dice, 3) : 0);
    return dice_size(&world->dice, dice_chance(&world->dice, 90) ? max / 20 : max);
}

static void submits(struct world *world, struct actor *actor)
{
    static const struct {
        uint32_t type;
        unsigned priority;
        bool background;
    } ways[] = {{GM_SUBMIT_JOB, 1, false},        {GM_SUBMIT_JOB_HIGH, 0, false},
                {GM_SUBMIT_JOB_LOW, 2, false},    {GM_SUBMIT_JOB_BG, 1, true},
                {GM_SUBMIT_JOB_HIGH_BG, 0, true}, {GM_SUBMIT_JOB_LOW_BG, 2, true}};
    size_t count = 1 + dice_size(&world->dice, 8);

    if (rig_counts(&world->rig).queued > world->queue_max)
        return;
    while (count-- > 0) {
        size_t way = dice_roll(&world->dice, sizeof ways / sizeof *ways);
        struct job *job = model_job(&world->model, actor, ways[way].background);
        struct request *request = request_add(actor, ways[way].type);

        job->function = (unsigned)dice_roll(&world->dice, FUNCTIONS);
        job->priority = ways[way].priority;
        job->size = body_size(world);
        request->job = job;
        stream_request(world, actor, request);
    }
    stream_deliver(world, actor, false);
}

static void changes_abilities(struct world *world, struct actor *actor)
{
    static const uint32_t types[] = {GM_CAN_DO, GM_CAN_DO,  GM_CAN_DO,
                                     GM_CAN_DO, GM_CANT_DO, GM_RESET_ABILITIES};
    uint32_t type = types[dice_roll(&world->dice, sizeof types / sizeof *types)];
    struct request *request = request_add(actor, type);

    request->function = (unsigned)dice_roll(&world->dice, FUNCTIONS);
    stream_request(world, actor, request);
    stream_deliver(world, actor, false);
}

static void falls_asleep(struct world *world, struct actor *actor)
{
    stream_request(world, actor, request_add(actor, GM_PRE_SLEEP));
    stream_deliver(world, actor, false);
}

/* With starved pools only assignments that carry the unique id: the model knows them by it. */
static void grabs(struct world *world, struct actor *actor)
{
    static const uint32_t types[] = {GM_GRAB_JOB_ALL, GM_GRAB_JOB_UNIQ, GM_GRAB_JOB};
    size_t ways = world->model.strictness == MODEL_EXACT ? 3 : 2;

    stream_request(world, actor, request_add(actor, types[dice_roll(&world->dice, ways)]));
    stream_deliver(world, actor, false);
}

static struct job *held_by(const struct world *world, const struct actor *actor)
{
    struct job *job = world->model.jobs;

    while (job != NULL && (job->holder != actor || job->handle[0] == 0))
        job = job->next;
    return job;
}

static void says_of(struct world *world, struct actor *actor, struct job *job, uint32_t type)
{
    struct request *request = request_add(actor, type);
    size_t size = body_size(world);
    char numbers[48];

    request->job = job;
    if (type == GM_WORK_STATUS) {
        int length = snprintf(numbers, sizeof numbers, "|%zu|%zu", dice_roll(&world->dice, 1000),
                              dice_roll(&world->dice, 100000));

        for (int i = 0; i < length; i++)
            bytes_add(&request->data, numbers[i] == '|' ? "" : &numbers[i], 1);
    } else if (type != GM_WORK_FAIL && (size > 0 || dice_chance(&world->dice, 50))) {
        if (size > world->model.payload_max)
            size = world->model.payload_max;
        bytes_add(&request->data, "", 1);
        model_fill(&request->data, job->serial + type, size);
    }
    stream_request(world, actor, request);
}

static const uint32_t says[] = {GM_WORK_COMPLETE, GM_WORK_COMPLETE,  GM_WORK_COMPLETE,
                                GM_WORK_FAIL,     GM_WORK_EXCEPTION, GM_WORK_STATUS,
                                GM_WORK_STATUS,   GM_WORK_DATA,      GM_WORK_WARNING};

static void works(struct world *world, struct actor *actor)
{
    struct job *job = held_by(world, actor);
    uint32_t type = says[dice_roll(&world->dice, sizeof says / sizeof *says)];

    if (job == NULL)
        return;
    says_of(world, actor, job, type);
    if (type == GM_WORK_EXCEPTION && dice_chance(&world->dice, 50))
        says_of(world, actor, job, GM_WORK_FAIL);
    if (dice_chance(&world->dice, 40)) {
        grabs(world, actor);
        return;
    }
    stream_deliver(world, actor, false);
}

/* A job somebody has a handle of, or NULL. */
static struct job *some_job(struct world *world)
{
    size_t count = 0;
    size_t chosen;

    for (const struct job *job = world->model.jobs; job != NULL; job = job->next)
        count += job->handle[0] != 0;
    chosen = dice_roll(&world->dice, count);
    for (struct job *job = world->model.jobs; job != NULL; job = job->next)
        if (job->handle[0] != 0 && chosen-- == 0)
            return job;
    return NULL;
}

static void meddles(struct world *world, struct actor *actor)
{
    struct job *job = some_job(world);

    if (job == NULL)
        return;
    says_of(world, actor, job, says[dice_roll(&world->dice, sizeof says / sizeof *says)]);
    stream_deliver(world, actor, false);
}

static void asks_status(struct world *world, struct actor *actor)
{
    struct job *job = some_job(world);
    struct request *request;

    if (job == NULL)
        return;
    request = request_add(actor, GM_GET_STATUS);
    request->job = job;
    stream_request(world, actor, request);
    stream_deliver(world, actor, false);
}

static void asks(struct world *world, struct actor *actor)
{
    struct request *request;

    switch (dice_roll(&world->dice, 3)) {
    case 0:
        request = request_add(actor, GM_ECHO_REQ);
        model_fill(&request->data, 3, body_size(world));
        if (request->data.size > world->model.payload_max)
            request->data.size = world->model.payload_max;
        break;
    case 1:
        request = request_add(actor, GM_OPTION_REQ);
        add_text(&request->data, dice_chance(&world->dice, 70) ? "exceptions" : "wings", false);
        break;
    default:
        request = request_add(actor, GM_SET_CLIENT_ID);
        add_text(&request->data, "somebody", false);
        break;
    }
    stream_request(world, actor, request);
    stream_deliver(world, actor, false);
}

static void asks_in_text(struct world *world, struct actor *actor)
{
    static const char *const lines[] = {"status", "workers", "pools", "version", "wings"};
    const char *line = lines[dice_roll(&world->dice, sizeof lines / sizeof *lines)];
    struct request *request = request_add(actor, 0);

    const char *line_end = dice_chance(&world->dice, 50) ? "\r\n" : "\n";

    world_note(world, actor, "line %s", line);
    add_text(&request->data, line, false);
    add_text(&actor->unsent, line, false);
    add_text(&actor->unsent, line_end, false);
    actor->posted += strlen(line) + strlen(line_end);
    request->head_end = request->end = actor->posted;
    stream_deliver(world, actor, false);
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

static void time_passes(struct world *world, struct actor *actor)
{
    uint64_t us = dice_size(&world->dice, 4000000);

    (void)actor;
    world_note(world, NULL, "%llu us pass", (unsigned long long)us);
    world->rig.now.mono_us += us;
    world->rig.now.wall_s = 1700000000 + (int64_t)(world->rig.now.mono_us / 1000000);
    world_turn(world);
}

static const struct event {
    unsigned weight;
    bool of_somebody;
    bool goes_on; /* may come in one write with what an earlier event left over */
    void (*happens)(struct world *world, struct actor *actor);
} events[] = {
    {12, false, false, connects},     {3, true, false, leaves},
    {40, true, true, submits},        {20, true, true, changes_abilities},
    {12, true, false, falls_asleep},  {45, true, false, grabs},
    {50, true, false, works},         {5, true, false, meddles},
    {8, true, true, asks_status},     {5, true, true, asks},
    {5, true, true, asks_in_text},    {3, true, true, talks_nonsense},
    {4, true, false, reads_slowly},   {8, false, false, reads_again},
    {10, true, true, sends_the_rest}, {6, false, false, time_passes},
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
