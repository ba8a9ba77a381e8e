/*
 * Bytes become what peers do to a small router: connect, leave, send frames good and bad, stop
 * reading, let time pass. Whatever it is, the core must stay consistent and the pools whole.
 */
#include <stdio.h>
#include <string.h>

#include "rig.h"
#include "router_input.h"
#include "talk.h"

enum { TOLD_MAX = 64, LATER_SECONDS = 4, SIZE_AT = 8 /* of a header */ };

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* What is left of the input. */
struct input {
    const uint8_t *at;
    size_t size;
};

struct stage {
    struct rig rig;
    struct remote *remotes[ROUTER_PEERS];
    char handle[TOLD_MAX]; /* of the task that anybody heard of last: created, or assigned */
};

static uint8_t take(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->at++;
}

/* The next bytes, as many as the byte ahead of them says. */
static struct input take_run(struct input *input)
{
    struct input run = {.size = take(input)};

    if (run.size > input->size)
        run.size = input->size;
    run.at = input->at;
    input->at += run.size;
    input->size -= run.size;
    return run;
}

/* Everything is scarce; `choice` turns the rest on and off. */
static struct rig_setup setup_tiny(uint8_t choice)
{
    struct rig_setup setup = rig_setup_ample();

    setup.limits = (struct router_limits){.connections = ROUTER_PEERS,
                                          .tasks = 10,
                                          .functions = 3,
                                          .function_name_max = 24,
                                          .payload_max = 12000,
                                          .text_line_max = 64,
                                          .submissions_per_connection = 4,
                                          .waiters_per_task = 3,
                                          .registrations_per_worker = 2,
                                          .outbox_max = 20000,
                                          .slow_peer_grace_us = 2000,
                                          .frame_timeout_us = 5000,
                                          .idle_timeout_us = 9000};
    setup.tasks = (struct pmad_layout){
        .pool_size = 40960, .class_count = 2, .classes = {{320, 50}, {2048, 50}}};
    setup.wire = (struct pmad_layout){.pool_size = router_wire_floor(&setup.limits) + 16384,
                                      .class_count = 3,
                                      .classes = {{128, 20}, {512, 20}, {4096, 60}}};
    setup.round_robin = choice & 1;
    setup.exceptions = choice & 2;
    setup.worker_wakeup = choice >> 2 & 3;
    setup.every_function.retries = choice & 16 ? 2 : 0;
    setup.every_function.max_queue = choice & 32 ? 3 : 0;
    setup.every_function.timeout_us = choice & 64 ? 3000 : 0;
    return setup;
}

/* ---- what can happen ---- */

typedef void act_function(struct stage *stage, struct remote *remote, struct input *input);

static void frame(struct remote *remote, uint32_t type, const void *front, size_t front_size,
                  struct input run)
{
    post_header(remote, "|REQ", type, (uint32_t)(front_size + run.size));
    remote_post(remote, front, front_size);
    remote_post(remote, run.at, run.size);
}

static void act_leave(struct stage *stage, struct remote *remote, struct input *input)
{
    (void)stage;
    (void)input;
    remote_leave(remote);
}

static void act_send(struct stage *stage, struct remote *remote, struct input *input)
{
    struct input run = take_run(input);

    (void)stage;
    remote_post(remote, run.at, run.size);
}

static void act_told(struct stage *stage, struct remote *remote, struct input *input)
{
    size_t place = take(input), told = strlen(stage->handle);
    struct input run = take_run(input);
    uint8_t front[ROUTER_RUN_MAX];

    if (place > run.size)
        place = run.size;
    memcpy(front, run.at, place);
    if (place >= SIZE_AT + 4 && front[0] == 0) {
        size_t size = front[SIZE_AT + 2] * (size_t)256 + front[SIZE_AT + 3] + told;

        front[SIZE_AT + 2] = (uint8_t)(size / 256);
        front[SIZE_AT + 3] = (uint8_t)size;
    }
    remote_post(remote, front, place);
    remote_post(remote, stage->handle, told);
    remote_post(remote, run.at + place, run.size - place);
}

/* A submission of a known function, with a unique id or without, and a body of up to some 16,000
 * bytes. */
static void act_submit(struct stage *stage, struct remote *remote, struct input *input)
{
    static const uint32_t types[] = {7, 18, 21, 32, 33, 34};
    static uint8_t body[256 * 64];
    uint8_t kind = take(input);
    uint8_t front[] = {(uint8_t)('a' + kind % 3), 0, 0, 0};
    size_t front_size = 3;

    (void)stage;
    if (kind & 64) {
        front[2] = kind & 128 ? '-' : 'u';
        front_size = sizeof front;
    }
    frame(remote, types[kind % COUNT(types)], front, front_size,
          (struct input){.at = body, .size = take(input) * (size_t)64});
}

/* A task for a second that is near, on either side of now, or one with a reducer. */
static void act_later(struct stage *stage, struct remote *remote, struct input *input)
{
    static const uint32_t types[] = {36, 37, 38};
    uint8_t kind = take(input);
    uint32_t type = types[kind % COUNT(types)];
    long long second = stage->rig.now.wall_us / 1000000 + take(input) % LATER_SECONDS - 1;
    char front[64];
    int size = type == 36 ? snprintf(front, sizeof front, "%c|%s|%lld|", 'a' + kind % 3,
                                     kind & 64 ? "u" : "", second)
                          : snprintf(front, sizeof front, "%c|%s|sum|x|", 'a' + kind % 3,
                                     kind & 64 ? "u" : "");

    for (int i = 0; i < size; i++)
        if (front[i] == '|')
            front[i] = 0;
    frame(remote, type, front, (size_t)size, take_run(input));
}

/* What a worker says about the task that was heard of last, whoever has it. */
static void act_work(struct stage *stage, struct remote *remote, struct input *input)
{
    static const uint32_t types[] = {12, 13, 14, 25, 28, 29};
    static uint8_t body[256 * 64];
    uint8_t kind = take(input);
    struct input run = take_run(input);

    if (kind & 0x80) /* much more than what is left of the input */
        run = (struct input){.at = body, .size = run.size * 64};
    frame(remote, types[kind % COUNT(types)], stage->handle,
          strlen(stage->handle) + (kind & 0x40 ? 1 : 0), run);
}

static void act_request(struct stage *stage, struct remote *remote, struct input *input)
{
    static const uint32_t types[] = {1, 2, 3, 15, 16, 22, 23, 26, 41};
    uint8_t kind = take(input);

    (void)stage;
    frame(remote, types[kind % COUNT(types)], NULL, 0, take_run(input));
}

static void act_ask(struct stage *stage, struct remote *remote, struct input *input)
{
    static const uint32_t types[] = {4, 9, 30, 39};

    (void)stage;
    frame(remote, types[take(input) % COUNT(types)], NULL, 0, (struct input){0});
}

/* A line that ends with a blank is about the task that was heard of last. */
static void act_line(struct stage *stage, struct remote *remote, struct input *input)
{
    static const char *const lines[] = {
        "status",       "prioritystatus",   "workers",           "show jobs",
        "pools",        "show unique jobs", "create function c", "drop function a",
        "maxqueue a 1", "maxqueue b 3 2 1", "maxqueue a",        "cancel job "};
    const char *line = lines[take(input) % COUNT(lines)];
    size_t size = strlen(line);

    remote_post(remote, line, size);
    if (line[size - 1] == ' ')
        remote_post(remote, stage->handle, strlen(stage->handle));
    remote_post(remote, "\n", 1);
}

static void act_habits(struct stage *stage, struct remote *remote, struct input *input)
{
    uint8_t appetite = take(input);

    (void)stage;
    remote->piece = take(input);
    remote->slices = take(input) % 5;
    remote->appetite = appetite == 255 ? SIZE_MAX : appetite * (size_t)appetite;
}

static void pass(struct rig *rig, uint64_t us)
{
    rig->now.mono_us += us;
    rig->now.wall_us += (int64_t)us;
}

static void act_tick(struct stage *stage, struct remote *remote, struct input *input)
{
    (void)remote;
    pass(&stage->rig, take(input) * (uint64_t)64);
}

static void act_wait(struct stage *stage, struct remote *remote, struct input *input)
{
    (void)remote;
    pass(&stage->rig, take(input) * (uint64_t)100000);
}

static void act_wall(struct stage *stage, struct remote *remote, struct input *input)
{
    (void)remote;
    stage->rig.now.wall_us += ((int64_t)take(input) - 128) * 1000000;
}

static act_function *const acts[ROUTER_ACTS] = {
    [ACT_LEAVE] = act_leave,   [ACT_SEND] = act_send,       [ACT_TOLD] = act_told,
    [ACT_SUBMIT] = act_submit, [ACT_LATER] = act_later,     [ACT_WORK] = act_work,
    [ACT_ASK] = act_ask,       [ACT_REQUEST] = act_request, [ACT_LINE] = act_line,
    [ACT_HABITS] = act_habits, [ACT_TICK] = act_tick,       [ACT_WAIT] = act_wait,
    [ACT_WALL] = act_wall};

/* ---- the stage ---- */

/* Keeps the handle that a JOB_CREATED or a JOB_ASSIGN* begins with. */
static void listen_to(struct stage *stage, struct remote *remote)
{
    struct heard_frame heard;

    while (hear_frame(remote, &heard)) {
        size_t size = 0;

        if (heard.type != 8 && heard.type != 11 && heard.type != 31 && heard.type != 40)
            continue;
        while (size < heard.size && heard.bytes[size] != 0 && size + 1 < sizeof stage->handle)
            size++;
        memcpy(stage->handle, heard.bytes, size);
        stage->handle[size] = 0;
    }
}

/* The remote in a place; a new one where there is none, or only one that the core has ended. */
static struct remote *remote_at(struct stage *stage, size_t place)
{
    struct remote **remote = &stage->remotes[place];

    if (*remote != NULL && (*remote)->seat == NULL) {
        remote_free(*remote);
        *remote = NULL;
    }
    if (*remote == NULL)
        *remote = remote_new(&stage->rig);
    return *remote;
}

static void act(struct stage *stage, struct input *input)
{
    uint8_t what = take(input);
    struct remote *remote = remote_at(stage, what % ROUTER_PEERS);

    acts[what / ROUTER_PEERS % ROUTER_ACTS](stage, remote, input);
}

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {.at = data, .size = size};
    struct rig_setup setup = setup_tiny(take(&input));
    struct stage stage = {0};

    rig_init(&stage.rig, &setup);
    while (input.size > 0) {
        act(&stage, &input);
        rig_turn(&stage.rig);
        for (size_t i = 0; i < ROUTER_PEERS; i++)
            if (stage.remotes[i] != NULL)
                listen_to(&stage, stage.remotes[i]);
    }
    rig_check(&stage.rig);
    rig_finish(&stage.rig);
    return 0;
}
