/*
 * Bytes become what peers do to a small router (router_input.h): connect, leave, send frames good and
 * bad, whole and bit by bit, stop reading, let time pass and allocations fail. Whatever it is, the core
 * must stay consistent and the pools whole.
 */
#include <stdio.h>
#include <string.h>

#include "gm_packet.h"
#include "router_input.h"
#include "stage.h"
#include "target.h"

enum {
    LATER_SECONDS = 4,
    BLOW_UP = 120,    /* a byte of input stands for so many of a body */
    SIZE_AT = 8,      /* of a header */
    LATER_LINES = 224 /* bytes from here on are lines that came when there was a corpus */
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const uint8_t zeros[256 * BLOW_UP];

/* A body of many bytes, none of which is in the input but the one that says how many. */
static struct input blown_up(struct input *input)
{
    return (struct input){.at = zeros, .size = input_byte(input) * (size_t)BLOW_UP};
}

static const char functions[] = "abcde";

/* The functions that an input uses have names of one byte. */
static char function_of(uint8_t kind)
{
    return functions[kind % (COUNT(functions) - 1)];
}

typedef void act_function(struct stage *stage, struct place *place, struct input *input);

/* ---- who is there, and how he behaves ---- */

static void act_leave(struct stage *stage, struct place *place, struct input *input)
{
    (void)stage;
    (void)input;
    place_leave(place);
}

static void act_join(struct stage *stage, struct place *place, struct input *input)
{
    place_join(stage, place, input_byte(input));
}

static void act_habits(struct stage *stage, struct place *place, struct input *input)
{
    uint8_t appetite = input_byte(input);

    (void)stage;
    place->remote->piece = input_byte(input);
    place->remote->slices = input_byte(input) % 5;
    place->remote->appetite = appetite == 255 ? SIZE_MAX : appetite * (size_t)appetite;
}

static void act_trickle(struct stage *stage, struct place *place, struct input *input)
{
    (void)stage;
    place->trickle = input_byte(input);
}

/* ---- what he says ---- */

static void act_send(struct stage *stage, struct place *place, struct input *input)
{
    struct input run = input_run(input);

    (void)stage;
    place_post(place, run.at, run.size);
}

static void act_told(struct stage *stage, struct place *place, struct input *input)
{
    size_t where = input_byte(input), told = strlen(stage->told[0]);
    struct input run = input_run(input);
    uint8_t front[ROUTER_RUN_MAX];

    if (where > run.size)
        where = run.size;
    memcpy(front, run.at, where);
    if (where >= SIZE_AT + 4 && front[0] == 0) {
        size_t size = front[SIZE_AT + 2] * (size_t)256 + front[SIZE_AT + 3] + told;

        front[SIZE_AT + 2] = (uint8_t)(size / 256);
        front[SIZE_AT + 3] = (uint8_t)size;
    }
    place_post(place, front, where);
    place_post(place, stage->told[0], told);
    place_post(place, run.at + where, run.size - where);
}

/* A submission without a unique id, with one of two, or with `-`. */
static void act_submit(struct stage *stage, struct place *place, struct input *input)
{
    static const enum gm_type types[] = {
        GM_SUBMIT_JOB,     GM_SUBMIT_JOB_BG,     GM_SUBMIT_JOB_HIGH, GM_SUBMIT_JOB_HIGH_BG,
        GM_SUBMIT_JOB_LOW, GM_SUBMIT_JOB_LOW_BG, GM_SUBMIT_JOB};
    static const char uniques[] = {0, 'u', 'v', '-'};
    uint8_t kind = input_byte(input);
    char unique = uniques[kind >> 6];
    char front[] = {function_of(kind / COUNT(types)), 0, unique, 0};

    (void)stage;
    place_post_frame(place, types[kind % COUNT(types)], front, unique ? 4 : 3, blown_up(input));
}

/* A task for a second that is near, on either side of now, or one with a reducer. */
static void act_later(struct stage *stage, struct place *place, struct input *input)
{
    static const enum gm_type types[] = {GM_SUBMIT_JOB_EPOCH, GM_SUBMIT_REDUCE_JOB,
                                         GM_SUBMIT_REDUCE_JOB_BACKGROUND};
    uint8_t kind = input_byte(input);
    enum gm_type type = types[kind % COUNT(types)];
    long long second = stage->rig.now.wall_us / 1000000 + input_byte(input) % LATER_SECONDS - 1;
    char front[64];
    int size = snprintf(front, sizeof front, "%c|%s|", function_of(kind), kind & 64 ? "u" : "");

    if (type == GM_SUBMIT_JOB_EPOCH)
        size += snprintf(front + size, sizeof front - (size_t)size, "%lld|", second);
    else
        size += snprintf(front + size, sizeof front - (size_t)size, "sum|x|");
    for (int i = 0; i < size; i++)
        if (front[i] == '|')
            front[i] = 0;
    place_post_frame(place, type, front, (size_t)size, input_run(input));
}

/* About the task that he was given last, or one of those that anybody heard of; with the NUL behind the
 * handle where it belongs, or just there where it does not. */
static void act_work(struct stage *stage, struct place *place, struct input *input)
{
    static const enum gm_type types[] = {GM_WORK_STATUS,    GM_WORK_COMPLETE, GM_WORK_FAIL,
                                         GM_WORK_EXCEPTION, GM_WORK_DATA,     GM_WORK_WARNING,
                                         GM_WORK_COMPLETE,  GM_WORK_COMPLETE};
    uint8_t kind = input_byte(input);
    struct input body = kind & 64 ? blown_up(input) : input_run(input);
    enum gm_type type = types[kind % COUNT(types)];
    bool parted = (type == GM_WORK_FAIL) == (bool)(kind & 32);
    size_t whose = kind >> 3 & 3;
    const char *handle = stage->told[whose > 0 ? whose - 1 : 0];

    if (whose == 0 && place->assigned[0] != 0)
        handle = place->assigned;
    place_post_frame(place, type, handle, strlen(handle) + (parted ? 1 : 0), body);
}

static void act_ask(struct stage *stage, struct place *place, struct input *input)
{
    static const enum gm_type types[] = {GM_GRAB_JOB, GM_PRE_SLEEP, GM_GRAB_JOB_UNIQ,
                                         GM_GRAB_JOB_ALL};

    (void)stage;
    place_post_frame(place, types[input_byte(input) % COUNT(types)], NULL, 0, (struct input){0});
}

static void act_request(struct stage *stage, struct place *place, struct input *input)
{
    static const enum gm_type types[] = {GM_CAN_DO,         GM_CANT_DO,    GM_RESET_ABILITIES,
                                         GM_GET_STATUS,     GM_ECHO_REQ,   GM_SET_CLIENT_ID,
                                         GM_CAN_DO_TIMEOUT, GM_OPTION_REQ, GM_GET_STATUS_UNIQUE};
    uint8_t kind = input_byte(input);
    struct input body = kind & 128 ? blown_up(input) : input_run(input);

    (void)stage;
    place_post_frame(place, types[kind % COUNT(types)], NULL, 0, body);
}

/* What a worker does first. */
static void act_serve(struct stage *stage, struct place *place, struct input *input)
{
    uint8_t kind = input_byte(input);
    uint8_t name = (uint8_t)function_of(kind);

    (void)stage;
    place_post_frame(place, GM_CAN_DO, NULL, 0, (struct input){.at = &name, .size = 1});
    if (!(kind & 64))
        place_post_frame(place, GM_GRAB_JOB_ALL, NULL, 0, (struct input){0});
    if (kind & 128)
        place_post_frame(place, GM_PRE_SLEEP, NULL, 0, (struct input){0});
}

/* A line that ends with a blank is about the task that was heard of last. */
static void act_line(struct stage *stage, struct place *place, struct input *input)
{
    static const char *const lines[] = {
        "status",     "prioritystatus",   "workers",           "show jobs",     "stats",
        "pools",      "show unique jobs", "create function c", "drop function", "version",
        "maxqueue a", "maxqueue b 3 2 1", "cancel job ",       "maxqueue"};
    static const char *const later[] = {"functions",        "histograms",        "pause function a",
                                        "drain function a", "resume function a", "pause function",
                                        "drain function",   "resume function",   "peek a",
                                        "peek b",           "peek c 1",          "peek"};
    uint8_t kind = input_byte(input);
    const char *line = kind < LATER_LINES ? lines[kind % COUNT(lines)] : later[kind % COUNT(later)];
    size_t size = strlen(line);
    struct input run = input_run(input);

    place_post(place, line, size);
    if (line[size - 1] == ' ')
        place_post(place, stage->told[0], strlen(stage->told[0]));
    place_post(place, run.at, run.size);
    place_post(place, "\n", 1);
}

/* ---- what happens to all ---- */

static void pass(struct rig *rig, uint64_t us)
{
    rig->now.mono_us += us;
    rig->now.wall_us += (int64_t)us;
}

static void act_tick(struct stage *stage, struct place *place, struct input *input)
{
    (void)place;
    pass(&stage->rig, input_byte(input) * (uint64_t)64);
}

static void act_wait(struct stage *stage, struct place *place, struct input *input)
{
    (void)place;
    pass(&stage->rig, input_byte(input) * (uint64_t)100000);
}

static void act_wall(struct stage *stage, struct place *place, struct input *input)
{
    (void)place;
    stage->rig.now.wall_us += ((int64_t)input_byte(input) - 128) * 1000000;
}

static void act_due(struct stage *stage, struct place *place, struct input *input)
{
    uint64_t due = router_deadline(stage->rig.router);

    (void)place;
    (void)input;
    if (due != UINT64_MAX && due > stage->rig.now.mono_us)
        pass(&stage->rig, due - stage->rig.now.mono_us);
}

static void act_scarce(struct stage *stage, struct place *place, struct input *input)
{
    uint8_t which = input_byte(input);

    (void)place;
    (void)router_scarcity(stage->rig.router, which & 127, which & 128);
}

static void act_drain(struct stage *stage, struct place *place, struct input *input)
{
    (void)place;
    (void)input;
    router_drain(stage->rig.router);
}

/* ---- the play ---- */

static act_function *const acts[ROUTER_ACTS] = {
    [ACT_LEAVE] = act_leave,   [ACT_SEND] = act_send,       [ACT_TOLD] = act_told,
    [ACT_SUBMIT] = act_submit, [ACT_LATER] = act_later,     [ACT_WORK] = act_work,
    [ACT_ASK] = act_ask,       [ACT_REQUEST] = act_request, [ACT_LINE] = act_line,
    [ACT_JOIN] = act_join,     [ACT_HABITS] = act_habits,   [ACT_TRICKLE] = act_trickle,
    [ACT_TICK] = act_tick,     [ACT_WAIT] = act_wait,       [ACT_WALL] = act_wall,
    [ACT_DUE] = act_due,       [ACT_SCARCE] = act_scarce,   [ACT_DRAIN] = act_drain,
    [ACT_SERVE] = act_serve};

static void act(struct stage *stage, struct input *input)
{
    uint8_t first = input_byte(input);
    size_t what = first % ACT_AT_ONCE;
    struct place *place = &stage->places[what % STAGE_PLACES];

    place_fill(stage, place);
    acts[what / STAGE_PLACES % ROUTER_ACTS](stage, place, input);
    if (!(first & ACT_AT_ONCE))
        stage_turn(stage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {.at = data, .size = size};
    uint8_t first = input_byte(&input);
    struct stage stage;

    stage_begin(&stage, first % STAGE_SETUPS);
    while (input.size > 0)
        act(&stage, &input);
    stage_turn(&stage);
    stage_end(&stage, first & ROUTER_FINISH);
    return 0;
}
