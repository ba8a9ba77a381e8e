/*
 * Pools from absurdly small to ample: each layout is refused before the start in words that name its
 * pool, or it serves, refuses by name when it is full, and can be emptied again, whoever reads.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget.h"
#include "config.h"
#include "gm_packet.h"
#include "rig.h"
#include "talk.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define KIB             ((size_t)1024)
#define SECOND_US       1000000

enum { PAYLOAD_LARGEST = 100000, TASKS = 200, TEXT = 65536 };

/* ---- the layouts ---- */

static const size_t sizes[] = {16 * KIB, 64 * KIB, 128 * KIB, 192 * KIB, 400 * KIB, 1024 * KIB};

static const char *const class_sets[] = {
    "class = 64, 100\n",
    "class = 512, 100\n",
    "class = 4096, 100\n",
    "class = 256, 30\nclass = 4096, 70\n",
    "class = 128, 10\nclass = 1024, 20\nclass = 8192, 70\n",
    "class = 256, 20\nclass = 65536, 80\n",
};

static const size_t payloads[] = {1, 700, 20000, PAYLOAD_LARGEST};

/* One of them: a pool that is swept, and the other one ample. */
struct layout {
    const char *pool, *classes;
    size_t size, payload_max;
    enum router_status status; /* what the router says of it where it says no */
};

/* Those of one pool and one set of classes are swept together. */
enum {
    GROUPS = 2 * COUNT_OF(class_sets),
    GROUP_SIZE = COUNT_OF(sizes) * COUNT_OF(payloads),
    LAYOUTS = GROUPS * GROUP_SIZE
};

static struct layout layout_at(size_t i)
{
    size_t group = i / GROUP_SIZE;
    bool is_wire = group >= COUNT_OF(class_sets);

    return (struct layout){.pool = is_wire ? "wire" : "tasks",
                           .classes = class_sets[group % COUNT_OF(class_sets)],
                           .size = sizes[i / COUNT_OF(payloads) % COUNT_OF(sizes)],
                           .payload_max = payloads[i % COUNT_OF(payloads)],
                           .status = is_wire ? ROUTER_WIRE_TOO_SMALL : ROUTER_TASKS_TOO_SMALL};
}

static char where[256];

static void report(const char *finding)
{
    ck_abort_msg("%s%s", where, finding);
}

/* ---- before the start ---- */

static struct config config;
static struct config_errors errors;
static struct budget budget;

/* The config of a layout, as an operator would write it. Returns true if the daemon would start; else
 * `words` is what it says. */
static bool may_start(const struct layout *layout, char words[TEXT])
{
    static const char ample[] = "size = 4M\nclass = 256, 30\nclass = 2048, 30\nclass = 65536, 40\n";
    bool sweeps_wire = strcmp(layout->pool, "wire") == 0;
    char ini[1024];
    struct text text = text_in(words, TEXT);
    int size = snprintf(ini, sizeof ini,
                        "[limits]\nconnections = 32\nconnections_reserved = 0\ntasks = %d\n"
                        "functions = 8\nwaiters_per_task = 24\npayload_max = %zu\n"
                        "[pool %s]\nprefault = off\nhuge_pages = off\nsize = %zu\n%s"
                        "[pool %s]\nprefault = off\nhuge_pages = off\n%s",
                        TASKS, layout->payload_max, layout->pool, layout->size, layout->classes,
                        sweeps_wire ? "tasks" : "wire", ample);

    ck_assert_int_lt(size, (int)sizeof ini);
    memset(&errors, 0, sizeof errors);
    config_default(&config);
    if (!config_read_text(&config, "sweep", ini, &errors) || !config_finish(&config, &errors)) {
        text_put(&text, "%s", errors.text);
        return false;
    }
    if (budget_plan(&budget, &config))
        return true;
    budget_refusals(&budget, &text);
    return false;
}

/* What the router says of pools that the budget refuses. */
static enum router_status router_says(void)
{
    struct router_setup setup = {
        .limits = budget.limits, .handle_prefix = "H:box", .version = "1", .verbosity = "NOTICE"};
    enum router_status status;
    struct router *router;

    pools_map(&setup.pools, &budget.limits, &budget.layouts[POOL_TASKS],
              &budget.layouts[POOL_WIRE]);
    status = router_init(&router, &setup);
    if (status == ROUTER_OK)
        router_finish(router);
    driver_expect(pool_used(setup.pools.tasks) + pool_used(setup.pools.wire) +
                          pool_used(setup.pools.runtime) ==
                      0,
                  "a start that was refused has kept blocks");
    pools_unmap(&setup.pools);
    return status;
}

/* ---- at work ---- */

static struct rig rig;
static uint8_t body[PAYLOAD_LARGEST];

static void rig_start(void)
{
    struct rig_setup setup = {.limits = budget.limits,
                              .tasks = budget.layouts[POOL_TASKS],
                              .wire = budget.layouts[POOL_WIRE],
                              .worker_wakeup = 1,
                              .seed = 7};

    rig_init(&rig, &setup);
}

static bool has_prefix(const struct heard_frame *frame, const char *prefix, size_t size)
{
    return frame->size >= size && memcmp(frame->bytes, prefix, size) == 0;
}

/* Submits; returns true if it was accepted. A refusal names the limit that was met. */
static bool submit(struct remote *client, const char *packet, size_t size)
{
    static const char tasks[] = "QUEUE_ERROR\0Job queue is full: limit=tasks";
    static const char pool[] = "QUEUE_ERROR\0Job queue is full: limit=pool";
    struct heard_frame frame;

    say_data(client, text("%s f||", packet), body, size);
    driver_expect(hear_frame(client, &frame), "a submission is not answered");
    if (frame.type == GM_JOB_CREATED)
        return true;
    driver_expect(frame.type == GM_ERROR && (has_prefix(&frame, tasks, sizeof tasks - 1) ||
                                             has_prefix(&frame, pool, sizeof pool - 1)),
                  "a submission is refused by no name");
    return false;
}

/* As many of that size as there is room for; returns how many. */
static size_t fill(struct remote *client, const char *packet, size_t size)
{
    size_t accepted = 0;

    while (submit(client, packet, size))
        accepted++;
    rig_check(&rig);
    return accepted;
}

/* Lets time pass until all is judged that was said: until those who do not read have been dropped. */
static void be_heard(struct remote *worker)
{
    for (int second = 0; second < 60 && !remote_is_settled(worker); second++)
        rig_sleep(&rig, SECOND_US);
    driver_expect(remote_is_settled(worker), "a worker waits for ever");
}

/* The handle of a task that this worker is given; false when there is none. */
static bool grab(struct remote *worker, char handle[64], struct heard_frame *frame)
{
    say(worker, "GRAB_JOB");
    be_heard(worker);
    driver_expect(hear_frame(worker, frame), "a worker is not answered");
    if (frame->type == GM_NO_JOB)
        return false;
    driver_expect(frame->type == GM_JOB_ASSIGN, "a worker is told something else");
    (void)snprintf(handle, 64, "%s", (const char *)frame->bytes);
    return true;
}

/* Does all there is, each with a result of payload_max. */
static void work_off(struct remote *worker)
{
    struct heard_frame frame;
    char handle[64];

    while (grab(worker, handle, &frame)) {
        say_data(worker, text("WORK_COMPLETE %s|", handle), body, budget.limits.payload_max);
        be_heard(worker);
    }
    rig_check(&rig);
}

/* A task as large as may be, with a result as large as may be. */
static void largest_task_goes_round(struct remote *client, struct remote *worker)
{
    size_t size = budget.limits.payload_max;
    struct heard_frame frame;
    char handle[64];

    for (size_t i = 0; i < size; i++)
        body[i] = (uint8_t)(i * 7 + i / 500);
    driver_expect(submit(client, "SUBMIT_JOB", size), "the first task is refused");
    driver_expect(grab(worker, handle, &frame), "the first task is not there");
    driver_expect(memcmp(frame.bytes + frame.size - size, body, size) == 0,
                  "a payload has changed");
    say_data(worker, text("WORK_COMPLETE %s|", handle), body, size);
    driver_expect(hear_frame(client, &frame) && frame.type == GM_WORK_COMPLETE &&
                      frame.size == strlen(handle) + 1 + size &&
                      memcmp(frame.bytes + strlen(handle) + 1, body, size) == 0,
                  "a result has changed, or is lost");
}

/* How the pools are filled and emptied, once each. */
static const struct round {
    const char *packet;
    bool small_first;
    bool reads; /* its client, while they are emptied; else he is dropped */
} rounds[] = {{"SUBMIT_JOB_BG", false, true},
              {"SUBMIT_JOB", true, true},
              {"SUBMIT_JOB", false, true},
              {"SUBMIT_JOB", true, false},
              {"SUBMIT_JOB", false, false}};

static void fill_and_empty(const struct round *round, struct remote *worker)
{
    size_t largest = budget.limits.payload_max;
    size_t order[] = {largest, largest < 700 ? largest : 700, 0};
    struct remote *client = remote_new(&rig);
    struct router_counts before = rig_counts(&rig), counts;
    bool ends_heard = round->reads && strcmp(round->packet, "SUBMIT_JOB") == 0;
    size_t accepted = 0;

    for (size_t i = 0; i < COUNT_OF(order); i++)
        accepted +=
            fill(client, round->packet, order[round->small_first ? COUNT_OF(order) - 1 - i : i]);
    driver_expect(accepted > 0, "what has been emptied takes nothing");
    client->appetite = round->reads ? SIZE_MAX : 0;
    work_off(worker);
    counts = rig_counts(&rig);
    driver_expect(counts.completed - before.completed + counts.abandoned - before.abandoned ==
                      accepted,
                  "a task that was accepted is lost");
    driver_expect(!round->reads || counts.abandoned == before.abandoned,
                  "a task of somebody who reads was dropped");
    driver_expect(!ends_heard || hear_out(client) == accepted, "a client misses ends of his tasks");
    remote_leave(client);
    rig_turn(&rig);
    driver_expect(router_is_empty(rig.router), "something is left");
    driver_expect(pool_used(rig.pools.tasks) == rig.tasks_base, "the pool tasks is not empty");
    driver_expect(pool_used(rig.pools.wire) == rig.wire_base, "the pool wire is not empty");
}

static void serves(void)
{
    struct remote *client, *worker;

    rig_start();
    client = remote_new(&rig);
    worker = remote_new(&rig);
    say(worker, "CAN_DO f");
    largest_task_goes_round(client, worker);
    for (size_t i = 0; i < COUNT_OF(rounds); i++)
        fill_and_empty(&rounds[i], worker);
    largest_task_goes_round(client, worker);
    rig_finish(&rig);
}

static void sweep(const struct layout *layout)
{
    static char words[TEXT];

    (void)snprintf(where, sizeof where,
                   "[pool %s] size = %zu, %.*s..., payload_max = %zu: ", layout->pool, layout->size,
                   (int)strcspn(layout->classes, "\n"), layout->classes, layout->payload_max);
    if (may_start(layout, words)) {
        serves();
        return;
    }
    ck_assert_msg(strstr(words, text("[pool %s]", layout->pool)), "%snot to blame in: %s", where,
                  words);
    if (errors.count == 0)
        ck_assert_msg(router_says() == layout->status, "%sthe router says \"%s\" and the budget %s",
                      where, router_status_text(router_says()), words);
}

START_TEST(a_layout_is_refused_in_words_or_serves_refuses_and_can_be_emptied)
{
    driver_failed = report;
    for (size_t i = 0; i < GROUP_SIZE; i++) {
        const struct layout layout = layout_at((size_t)_i * GROUP_SIZE + i);

        sweep(&layout);
    }
}
END_TEST

START_TEST(both_ends_of_the_sweep_are_in_it)
{
    static char words[TEXT];
    size_t refused = 0;

    for (size_t i = 0; i < LAYOUTS; i++) {
        const struct layout layout = layout_at(i);

        refused += !may_start(&layout, words);
    }
    printf("%zu layouts are refused, %zu serve\n", refused, LAYOUTS - refused);
    ck_assert_uint_ge(refused, 60);
    ck_assert_uint_ge(LAYOUTS - refused, 60);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweep_pools");
    TCase *cases = tcase_create("layouts");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, a_layout_is_refused_in_words_or_serves_refuses_and_can_be_emptied, 0,
                        GROUPS);
    tcase_add_test(cases, both_ends_of_the_sweep_are_in_it);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
