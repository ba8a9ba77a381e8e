/* What clients and administrators do. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "acts.h"
#include "gm_packet.h"
#include "stream.h"

/* Few enough to meet often. */
enum { SHARED_IDS = 8, PAYLOADS = 3, DELAYED_MAX = 30 };

static bool is_exact(const struct world *world)
{
    return world->model.strictness == MODEL_EXACT;
}

size_t body_size(struct world *world)
{
    size_t max = world->model.setup.limits.payload_max;

    if (dice_chance(&world->dice, is_exact(world) ? 2 : 10))
        return max + (is_exact(world) ? dice_roll(&world->dice, 3) : 0);
    return dice_size(&world->dice, dice_chance(&world->dice, 90) ? max / 20 : max);
}

struct job *some_job(struct world *world)
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

/* ---- submissions ---- */

/* The id stands for the payload. A ledger knows jobs by their payload, so that all differ there. */
static void roll_payload(struct world *world, struct job *job)
{
    static const size_t sizes[] = {0, 1, 7, 300, 20000};
    static const unsigned fills[] = {1, 2, 257};

    (void)snprintf(job->unique, sizeof job->unique, "-");
    if (!is_exact(world))
        return;
    job->size = sizes[dice_roll(&world->dice, sizeof sizes / sizeof *sizes)];
    job->fill = fills[dice_roll(&world->dice, PAYLOADS)];
}

static void roll_unique(struct world *world, struct job *job)
{
    size_t rolled = dice_roll(&world->dice, 100);

    if (rolled < 45)
        (void)snprintf(job->unique, sizeof job->unique, "s%u", job->serial);
    else if (rolled < 75)
        (void)snprintf(job->unique, sizeof job->unique, "u%zu",
                       dice_roll(&world->dice, SHARED_IDS));
    else if (rolled < 88)
        roll_payload(world, job);
    else if (rolled < 95)
        memset(job->unique, 'l', rolled < 94 ? UNIQUE_MAX : UNIQUE_MAX + 1);
    if (!is_exact(world) && job->size < 4)
        job->size = 4;
}

static void due_at(struct job *job, int64_t second)
{
    (void)snprintf(job->due, sizeof job->due, "%" PRId64, second);
    job->due_s = second > 0 ? (uint64_t)second : 0;
}

/* Past, now, soon, or far off; or nothing that could be a second. */
static void roll_due(struct world *world, struct job *job)
{
    static const char *const bad[] = {"soon", "9223372036854775808", "", "1.5", "+1", "0x10"};
    int64_t now_s = world->rig.now.wall_us / 1000000;
    size_t rolled = dice_roll(&world->dice, 100);

    if (rolled < 4) {
        const char *due = bad[dice_roll(&world->dice, sizeof bad / sizeof *bad)];

        job->bad_due = true;
        (void)snprintf(job->due, sizeof job->due, "%s", due);
    } else if (rolled < 8) {
        due_at(job, dice_chance(&world->dice, 50) ? 0 : -5);
    } else if (rolled < 12) {
        due_at(job, now_s - (int64_t)dice_size(&world->dice, 1000000));
    } else if (rolled < 14 && world->far_seconds) {
        due_at(job, INT64_MAX - (int64_t)dice_roll(&world->dice, 2));
    } else {
        due_at(job, now_s + (int64_t)dice_size(&world->dice, 100));
    }
}

static const struct way {
    uint32_t type;
    unsigned priority;
    bool background;
} ways[] = {{GM_SUBMIT_JOB, 1, false},
            {GM_SUBMIT_JOB_HIGH, 0, false},
            {GM_SUBMIT_JOB_LOW, 2, false},
            {GM_SUBMIT_JOB_BG, 1, true},
            {GM_SUBMIT_JOB_HIGH_BG, 0, true},
            {GM_SUBMIT_JOB_LOW_BG, 2, true},
            {GM_SUBMIT_JOB_EPOCH, 1, true},
            {GM_SUBMIT_REDUCE_JOB, 1, false},
            {GM_SUBMIT_REDUCE_JOB_BACKGROUND, 1, true}};

/* Some tasks for later are enough: they fill the router and do nothing. */
static const struct way *roll_way(struct world *world)
{
    size_t count = sizeof ways / sizeof *ways;
    const struct way *way = &ways[dice_roll(&world->dice, count)];

    if (way->type == GM_SUBMIT_JOB_EPOCH && rig_counts(&world->rig).delayed > DELAYED_MAX)
        way = &ways[0];
    return way;
}

static void submit_one(struct world *world, struct actor *actor, size_t size)
{
    static const char *const reducers[] = {"", "sum", "img:join"};
    const struct way *way = roll_way(world);
    struct job *job = model_job(&world->model, actor, way->background);
    struct request *request = request_add(actor, way->type);

    job->function = (unsigned)dice_roll(&world->dice, FUNCTIONS);
    job->priority = way->priority;
    job->size = size;
    roll_unique(world, job);
    if (way->type == GM_SUBMIT_JOB_EPOCH)
        roll_due(world, job);
    if (way->type == GM_SUBMIT_REDUCE_JOB || way->type == GM_SUBMIT_REDUCE_JOB_BACKGROUND)
        job->reducer = reducers[dice_roll(&world->dice, sizeof reducers / sizeof *reducers)];
    request->job = job;
    request->function = job->function;
    stream_request(world, actor, request);
    actor->doomed = model_closes(&world->model, actor, request);
}

void submits(struct world *world, struct actor *actor)
{
    size_t count = 1 + dice_size(&world->dice, world->kind->submit_max);

    if (rig_counts(&world->rig).queued > world->kind->queue_max)
        return;
    while (count-- > 0 && !actor->doomed)
        submit_one(world, actor, body_size(world));
    stream_deliver(world, actor, actor->doomed);
}

/* A large one, of which the first bytes come now, and the rest later. Leaves the turn to the caller. */
void submits_slowly(struct world *world, struct actor *actor)
{
    size_t size = world->model.setup.limits.payload_max / 4;

    submit_one(world, actor, size + dice_roll(&world->dice, 3 * size));
    stream_post(world, actor, actor->doomed ? actor->unsent.size : actor->unsent.size / 8);
}

/* Its body is announced, and never comes. */
void submits_in_vain(struct world *world, struct actor *actor, size_t size)
{
    struct job *job = model_job(&world->model, actor, false);
    struct request *request = request_add(actor, GM_SUBMIT_JOB);
    struct bytes arguments = {0};

    job->priority = 1;
    job->size = size;
    (void)snprintf(job->unique, sizeof job->unique, "s%u", job->serial);
    request->job = job;
    add_text(&arguments, model_functions[job->function], true);
    add_text(&arguments, job->unique, true);
    world_note(world, actor, "announces %zu bytes that will not come", size);
    request->head_end = actor->posted + HEADER_SIZE + arguments.size;
    stream_header(actor, "\0REQ", GM_SUBMIT_JOB, arguments.size + size);
    request->end = actor->posted;
    bytes_add(&actor->unsent, arguments.at, arguments.size);
    bytes_free(&arguments);
    actor->liar = true;
    actor->doomed = model_closes(&world->model, actor, request);
    stream_deliver(world, actor, true);
}

/* ---- questions ---- */

/* By a unique id that some have or had, at times with a NUL behind it. */
static void asks_status_unique(struct world *world, struct actor *actor)
{
    struct request *request = request_add(actor, GM_GET_STATUS_UNIQUE);
    char unique[16] = "-";

    if (dice_chance(&world->dice, 80))
        (void)snprintf(unique, sizeof unique, "u%zu", dice_roll(&world->dice, SHARED_IDS + 1));
    else if (dice_chance(&world->dice, 50))
        unique[0] = 0;
    add_text(&request->data, unique, unique[0] != 0 && dice_chance(&world->dice, 20));
    stream_request(world, actor, request);
    stream_deliver(world, actor, false);
}

void asks_status(struct world *world, struct actor *actor)
{
    struct job *job = some_job(world);
    struct request *request;

    if (job == NULL || dice_chance(&world->dice, 40)) {
        asks_status_unique(world, actor);
        return;
    }
    request = request_add(actor, GM_GET_STATUS);
    request->job = job;
    stream_request(world, actor, request);
    stream_deliver(world, actor, false);
}

void asks(struct world *world, struct actor *actor)
{
    struct request *request;

    switch (dice_roll(&world->dice, 3)) {
    case 0:
        request = request_add(actor, GM_ECHO_REQ);
        model_fill(&request->data, 3, body_size(world));
        if (request->data.size > world->model.setup.limits.payload_max)
            request->data.size = world->model.setup.limits.payload_max;
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

/* ---- lines ---- */

static void send_line(struct world *world, struct actor *actor, struct request *request,
                      const char *line)
{
    const char *line_end = dice_chance(&world->dice, 50) ? "\r\n" : "\n";

    world_note(world, actor, "line %s", line);
    add_text(&request->data, line, false);
    add_text(&actor->unsent, line, false);
    add_text(&actor->unsent, line_end, false);
    actor->posted += strlen(line) + strlen(line_end);
    request->head_end = request->end = actor->posted;
    stream_deliver(world, actor, false);
}

void asks_in_text(struct world *world, struct actor *actor)
{
    static const char *const lines[] = {
        "status", "status",    "prioritystatus",   "show jobs",  "workers",
        "pools",  "show jobs", "show unique jobs", "show wings", "version",
        "wings",  "stats",     "functions",        "histograms", "peek wings"};

    send_line(world, actor, request_add(actor, 0),
              lines[dice_roll(&world->dice, sizeof lines / sizeof *lines)]);
}

/* One limit for all priorities, one for each, or none. */
static void roll_maxqueue(struct world *world, struct request *request, char *line, size_t size)
{
    const char *function = model_functions[request->function];
    size_t rolled = dice_roll(&world->dice, 10);

    request->line = LINE_MAXQUEUE;
    for (unsigned i = 0; i < PRIORITIES; i++)
        request->most[i] = rolled < 6 ? 0 : 1 + dice_size(&world->dice, 30);
    if (rolled < 4)
        (void)snprintf(line, size, "maxqueue %s", function);
    else if (rolled < 6)
        (void)snprintf(line, size, "maxqueue %s %s", function, rolled == 4 ? "0" : "-3");
    else if (rolled < 8)
        (void)snprintf(line, size, "maxqueue %s %zu %zu %zu", function, request->most[0],
                       request->most[1], request->most[2]);
    else
        (void)snprintf(line, size, "maxqueue %s %zu", function,
                       request->most[1] = request->most[2] = request->most[0]);
    /* Who asks may be dropped when it has been done and nobody has heard of it. */
    for (unsigned i = 0; i < PRIORITIES; i++)
        world->model.functions[request->function].mosts |= UINT64_C(1) << request->most[i];
}

/* What is paused or drained is resumed as often as not. */
static void roll_pause(struct world *world, struct request *request, char *line, size_t size)
{
    static const struct {
        enum line_kind kind;
        const char *word;
    } lines[] = {{LINE_PAUSE, "pause"},
                 {LINE_DRAIN, "drain"},
                 {LINE_RESUME, "resume"},
                 {LINE_RESUME, "resume"}};
    size_t rolled = dice_roll(&world->dice, sizeof lines / sizeof *lines);
    struct function_seen *seen = &world->model.functions[request->function];

    request->line = lines[rolled].kind;
    seen->was_paused = seen->was_paused || request->line == LINE_PAUSE;
    seen->was_draining = seen->was_draining || request->line == LINE_DRAIN;
    (void)snprintf(line, size, "%s function %s", lines[rolled].word,
                   model_functions[request->function]);
}

void resumes_everything(struct world *world, struct actor *actor)
{
    char line[128];

    for (unsigned function = 0; function < FUNCTIONS; function++) {
        struct request *request = request_add(actor, 0);

        request->line = LINE_RESUME;
        request->function = function;
        (void)snprintf(line, sizeof line, "resume function %s", model_functions[function]);
        send_line(world, actor, request, line);
    }
    stream_deliver(world, actor, true);
}

void administers(struct world *world, struct actor *actor)
{
    struct job *job = some_job(world);
    struct request *request = request_add(actor, 0);
    char line[128];

    request->function = (unsigned)dice_roll(&world->dice, FUNCTIONS);
    if (job != NULL && dice_chance(&world->dice, 50)) {
        request->line = LINE_CANCEL;
        request->job = job;
        (void)snprintf(line, sizeof line, "cancel job %s", job->handle);
    } else if (dice_chance(&world->dice, 40)) {
        roll_maxqueue(world, request, line, sizeof line);
    } else if (dice_chance(&world->dice, 60)) {
        request->line = LINE_DROP;
        (void)snprintf(line, sizeof line, "drop function %s", model_functions[request->function]);
    } else if (dice_chance(&world->dice, 60)) {
        roll_pause(world, request, line, sizeof line);
    } else {
        request->line = LINE_CREATE;
        (void)snprintf(line, sizeof line, "create function %s", model_functions[request->function]);
    }
    send_line(world, actor, request, line);
}
