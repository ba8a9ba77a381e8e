/*
 * mixed_load SOCKET TASKS SEED: tasks of all kinds through 8 clients and 8 workers, all results
 * checked byte for byte. Ends with status 0 only if every task was done exactly once and every
 * client heard exactly what it had to.
 *
 * What task n is follows from SEED and n alone: its size (1 byte to 1 MiB, most of them small), its
 * function, priority, payload, whether somebody waits for it, and how it ends. Its unique id is n, so
 * a worker knows as well as the client what it must have been given. The result is the payload from
 * back to front.
 *
 * One thread drives all sixteen connections; a background task counts as in flight until its worker
 * has done it, so that what is queued stays bounded.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load_peer.h"

enum {
    CLIENTS = 8,
    WORKERS = 8,
    IN_FLIGHT = 8,           /* tasks of one client */
    SIZE_MAX_TASK = 1 << 20, /* bytes of the largest payload: payload_max by default */
    FUNCTIONS = 3,
    STILL_MS = 60000 /* nothing at all for so long: the daemon has lost something */
};

static const char *const functions[FUNCTIONS] = {"mix:one", "mix:two", "mix:three"};

static const enum gm_type submissions[] = {
    GM_SUBMIT_JOB,         GM_SUBMIT_JOB_HIGH, GM_SUBMIT_JOB,        GM_SUBMIT_JOB_LOW,
    GM_SUBMIT_JOB,         GM_SUBMIT_JOB_HIGH, GM_SUBMIT_JOB_BG,     GM_SUBMIT_JOB_LOW,
    GM_SUBMIT_JOB_HIGH_BG, GM_SUBMIT_JOB,      GM_SUBMIT_JOB_LOW_BG,
};

enum ending {
    ENDS_WHOLE,    /* WORK_COMPLETE with all of the result */
    ENDS_IN_PARTS, /* half of it in a WORK_DATA, the rest in WORK_COMPLETE */
    ENDS_TOLD,     /* a WORK_STATUS before it */
    ENDS_FAILED,   /* WORK_FAIL */
    ENDINGS
};

/* What task n is. */
struct plan {
    size_t size;
    const char *function;
    enum gm_type submission;
    enum ending ending;
    bool waited_for; /* submitted in the foreground */
};

struct flight {
    size_t number;
    char handle[GM_HANDLE_MAX + 1]; /* empty until JOB_CREATED */
    size_t got;                     /* bytes of the result that have come */
};

struct client {
    struct load_peer peer;
    size_t count;
    struct flight flights[IN_FLIGHT]; /* in the order of submission */
};

struct worker {
    struct load_peer peer;
    enum gm_type grab; /* how it asks; GM_NOOP: it is given tasks unasked */
};

static struct {
    uint64_t seed;
    size_t tasks, submitted, ended;
    size_t ends[ENDINGS];
    size_t background;
    size_t workers_settled; /* that have been answered after their last result */
    uint64_t bytes;
    uint8_t *done; /* per task: how often a worker had it */
    struct client clients[CLIENTS];
    struct worker workers[WORKERS];
} run;

/* ---- what a task is ---- */

/* splitmix64: the next of a sequence of well mixed words. */
static uint64_t mixed(uint64_t *state)
{
    uint64_t word = *state += 0x9e3779b97f4a7c15u;

    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    return word ^ (word >> 31);
}

/* 60 % up to 256 bytes, 30 % up to 4 KiB, 9.5 % up to 64 KiB, 0.5 % up to 1 MiB; the first two tasks
 * are the smallest and the largest there is. */
static size_t plan_size(size_t number, uint64_t roll, uint64_t word)
{
    size_t most = SIZE_MAX_TASK;

    if (number < 2)
        return number == 0 ? 1 : SIZE_MAX_TASK;
    if (roll % 1000 < 600)
        most = 256;
    else if (roll % 1000 < 900)
        most = 4096;
    else if (roll % 1000 < 995)
        most = 65536;
    return 1 + word % most;
}

static struct plan plan_of(size_t number)
{
    uint64_t state = run.seed ^ (number << 20);
    struct plan plan;
    uint64_t roll = mixed(&state);

    plan.size = plan_size(number, roll, mixed(&state));
    plan.function = functions[(roll >> 20) % FUNCTIONS];
    plan.submission = submissions[(roll >> 30) % (sizeof submissions / sizeof *submissions)];
    plan.waited_for = plan.submission != GM_SUBMIT_JOB_BG &&
                      plan.submission != GM_SUBMIT_JOB_HIGH_BG &&
                      plan.submission != GM_SUBMIT_JOB_LOW_BG;
    plan.ending = ENDS_WHOLE;
    if ((roll >> 40) % 8 == 0)
        plan.ending = (enum ending)(ENDS_IN_PARTS + (roll >> 50) % 3);
    return plan;
}

/* The payload of a task; good until the next call. */
static struct gm_slice payload_of(size_t number, size_t size)
{
    static uint8_t bytes[SIZE_MAX_TASK + sizeof(uint64_t)];
    uint64_t state = ~run.seed ^ (number << 20);

    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word = mixed(&state);

        memcpy(bytes + at, &word, sizeof word);
    }
    return (struct gm_slice){.bytes = bytes, .size = size};
}

/* The result of a task; good until the next call. */
static struct gm_slice result_of(size_t number, size_t size)
{
    static uint8_t bytes[SIZE_MAX_TASK];
    struct gm_slice payload = payload_of(number, size);

    for (size_t i = 0; i < size; i++)
        bytes[i] = payload.bytes[size - 1 - i];
    return (struct gm_slice){.bytes = bytes, .size = size};
}

static _Noreturn void wrong(size_t number, const char *what)
{
    fprintf(stderr, "mixed_load: seed %" PRIu64 ", task %zu: %s\n", run.seed, number, what);
    exit(EXIT_FAILURE);
}

/* ---- clients ---- */

static void client_submit(struct client *client, size_t number)
{
    struct flight *flight = &client->flights[client->count++];
    struct plan plan = plan_of(number);
    char unique[24];

    *flight = (struct flight){.number = number};
    snprintf(unique, sizeof unique, "%zu", number);
    load_peer_say(&client->peer, plan.submission,
                  (struct gm_slice[]){gm_text(plan.function), gm_text(unique)},
                  payload_of(number, plan.size));
    run.bytes += plan.size;
    run.background += !plan.waited_for;
}

static void flight_end(struct client *client, struct flight *flight)
{
    size_t behind = (size_t)(client->flights + client->count - (flight + 1));

    run.ends[plan_of(flight->number).ending]++;
    run.ended++;
    memmove(flight, flight + 1, behind * sizeof *flight);
    client->count--;
}

/* Background tasks end here: nobody tells the client, but their worker is one of ours. */
static void client_reap(struct client *client)
{
    for (size_t i = client->count; i-- > 0;) {
        struct flight *flight = &client->flights[i];

        if (flight->handle[0] != '\0' && !plan_of(flight->number).waited_for &&
            run.done[flight->number] > 0)
            flight_end(client, flight);
    }
}

static void client_go_on(struct client *client)
{
    client_reap(client);
    while (client->count < IN_FLIGHT && run.submitted < run.tasks)
        client_submit(client, run.submitted++);
}

/* JOB_CREATED comes in the order of submission. */
static void client_created(struct client *client, struct gm_slice handle)
{
    for (size_t i = 0; i < client->count; i++) {
        struct flight *flight = &client->flights[i];

        if (flight->handle[0] != '\0')
            continue;
        if (handle.size == 0 || handle.size > GM_HANDLE_MAX)
            wrong(flight->number, "its handle has a bad length");
        memcpy(flight->handle, handle.bytes, handle.size);
        return;
    }
    load_die("mixed_load", "JOB_CREATED for a task that was not submitted");
}

static struct flight *client_flight(struct client *client, struct gm_slice handle)
{
    for (size_t i = 0; i < client->count; i++)
        if (gm_slice_equal(gm_text(client->flights[i].handle), handle))
            return &client->flights[i];
    load_die("mixed_load", "a frame for a handle that is not in flight");
}

/* A part of the result, the next in order, must be what it should be. */
static void flight_check(struct flight *flight, const struct plan *plan, struct gm_slice part)
{
    struct gm_slice result = result_of(flight->number, plan->size);

    if (part.size > result.size - flight->got)
        wrong(flight->number, "its result is too long");
    if (part.size > 0 && memcmp(part.bytes, result.bytes + flight->got, part.size) != 0)
        wrong(flight->number, "its result is not right");
    flight->got += part.size;
}

static void client_heard(struct client *client, const struct gm_head *head, struct gm_slice body)
{
    struct flight *flight = client_flight(client, head->args[0]);
    struct plan plan = plan_of(flight->number);
    bool ends = head->type == GM_WORK_COMPLETE || head->type == GM_WORK_FAIL;

    if (!plan.waited_for)
        wrong(flight->number, "nobody waits for it, and yet its client was told");
    if ((head->type == GM_WORK_FAIL) != (ends && plan.ending == ENDS_FAILED))
        wrong(flight->number, "it ended as it should not");
    if (head->type == GM_WORK_STATUS && plan.ending != ENDS_TOLD)
        wrong(flight->number, "a status that its worker never sent");
    flight_check(flight, &plan, body);
    if (head->type == GM_WORK_COMPLETE && flight->got != plan.size)
        wrong(flight->number, "its result is too short");
    if (ends)
        flight_end(client, flight);
}

static void client_frame(struct client *client, const struct gm_head *head, struct gm_slice body)
{
    switch (head->type) {
    case GM_JOB_CREATED:
        client_created(client, head->args[0]);
        break;
    case GM_WORK_STATUS:
    case GM_WORK_DATA:
    case GM_WORK_COMPLETE:
    case GM_WORK_FAIL:
        client_heard(client, head, body);
        break;
    case GM_ERROR:
        fprintf(stderr, "mixed_load: %.*s\n", (int)head->args[1].size,
                (const char *)head->args[1].bytes);
        exit(EXIT_FAILURE);
    default:
        load_die(gm_packet_name(head->type), "not meant for a client");
    }
}

/* ---- workers ---- */

static const struct gm_slice nothing = {NULL, 0};

static void worker_answer(struct worker *worker, const struct gm_slice *handle, size_t number,
                          const struct plan *plan)
{
    struct gm_slice result = result_of(number, plan->size);
    size_t part = plan->size / 2;

    switch (plan->ending) {
    case ENDS_FAILED:
        load_peer_say(&worker->peer, GM_WORK_FAIL, handle, nothing);
        return;
    case ENDS_IN_PARTS:
        load_peer_say(&worker->peer, GM_WORK_DATA, handle,
                      (struct gm_slice){.bytes = result.bytes, .size = part});
        result = (struct gm_slice){.bytes = result.bytes + part, .size = result.size - part};
        break;
    case ENDS_TOLD:
        load_peer_say(&worker->peer, GM_WORK_STATUS,
                      (struct gm_slice[]){*handle, gm_text("1"), gm_text("2")}, nothing);
        break;
    case ENDS_WHOLE:
    case ENDINGS:
        break;
    }
    load_peer_say(&worker->peer, GM_WORK_COMPLETE, handle, result);
}

/* A task: handle, function, unique id (and a reducer that is none), payload. */
static void worker_assigned(struct worker *worker, const struct gm_head *head, struct gm_slice body)
{
    char text[24] = "";
    size_t number;
    struct plan plan;

    if (head->args[2].size >= sizeof text)
        load_die("mixed_load", "an assignment with a unique id that is none of ours");
    memcpy(text, head->args[2].bytes, head->args[2].size);
    number = strtoull(text, NULL, 10);
    if (number >= run.submitted)
        load_die("mixed_load", "an assignment of a task that was not submitted");
    plan = plan_of(number);
    if (!gm_slice_equal(head->args[1], gm_text(plan.function)))
        wrong(number, "it was assigned with another function");
    if (!gm_slice_equal(body, payload_of(number, plan.size)))
        wrong(number, "its payload did not arrive as it was");
    if (++run.done[number] > 1)
        wrong(number, "it was assigned twice");
    worker_answer(worker, &head->args[0], number, &plan);
    if (worker->grab != GM_NOOP)
        load_peer_say(&worker->peer, worker->grab, NULL, nothing);
}

static void worker_frame(struct worker *worker, const struct gm_head *head, struct gm_slice body)
{
    switch (head->type) {
    case GM_NO_JOB:
        load_peer_say(&worker->peer, GM_PRE_SLEEP, NULL, nothing);
        break;
    case GM_NOOP:
        load_peer_say(&worker->peer, worker->grab, NULL, nothing);
        break;
    case GM_JOB_ASSIGN_UNIQ:
    case GM_JOB_ASSIGN_ALL:
        worker_assigned(worker, head, body);
        break;
    case GM_OPTION_RES:
        break;
    case GM_ECHO_RES:
        run.workers_settled++;
        break;
    default:
        load_die(gm_packet_name(head->type), "not meant for a worker");
    }
}

/* A quarter of the workers ask with GRAB_JOB_UNIQ, a quarter with GRAB_JOB_ALL; the others are pushed,
 * with ever more credit. */
static void worker_begin(struct worker *worker, size_t index)
{
    static const enum gm_type ways[] = {GM_GRAB_JOB_UNIQ, GM_NOOP, GM_GRAB_JOB_ALL, GM_NOOP};

    worker->grab = ways[index % 4];
    for (size_t i = 0; i < FUNCTIONS; i++) {
        struct gm_slice name = gm_text(functions[i]);

        load_peer_say(&worker->peer, GM_CAN_DO, &name, nothing);
    }
    if (worker->grab == GM_NOOP) {
        char option[32];
        struct gm_slice text;

        (void)snprintf(option, sizeof option, "pmad-push=%zu", index);
        text = gm_text(option);
        load_peer_say(&worker->peer, GM_OPTION_REQ, &text, nothing);
    } else {
        load_peer_say(&worker->peer, worker->grab, NULL, nothing);
    }
}

/* ---- all of it ---- */

static void poll_all(struct pollfd *polls)
{
    int ready = 0;

    for (size_t i = 0; i < CLIENTS + WORKERS; i++) {
        struct load_peer *peer =
            i < CLIENTS ? &run.clients[i].peer : &run.workers[i - CLIENTS].peer;

        load_peer_flush(peer);
        polls[i].fd = peer->fd;
        polls[i].events = (short)(load_peer_waits(peer) ? POLLIN | POLLOUT : POLLIN);
    }
    ready = poll(polls, CLIENTS + WORKERS, STILL_MS);
    if (ready < 0 && errno != EINTR)
        load_die("poll", strerror(errno));
    if (ready == 0) {
        fprintf(stderr,
                "mixed_load: seed %" PRIu64 ": %zu submitted, %zu ended, and nothing more\n",
                run.seed, run.submitted, run.ended);
        exit(EXIT_FAILURE);
    }
}

static void go_on(void)
{
    struct pollfd polls[CLIENTS + WORKERS];
    struct gm_head head;
    struct gm_slice body;

    poll_all(polls);
    for (size_t i = 0; i < CLIENTS + WORKERS; i++) {
        if ((polls[i].revents & (POLLIN | POLLERR | POLLHUP)) == 0)
            continue;
        if (i < CLIENTS) {
            load_peer_read(&run.clients[i].peer);
            while (load_peer_next(&run.clients[i].peer, &head, &body))
                client_frame(&run.clients[i], &head, body);
        } else {
            load_peer_read(&run.workers[i - CLIENTS].peer);
            while (load_peer_next(&run.workers[i - CLIENTS].peer, &head, &body))
                worker_frame(&run.workers[i - CLIENTS], &head, body);
        }
    }
    for (size_t i = 0; i < CLIENTS; i++)
        client_go_on(&run.clients[i]);
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void begin(const char *path)
{
    for (size_t i = 0; i < WORKERS; i++) {
        load_peer_open(&run.workers[i].peer, path);
        worker_begin(&run.workers[i], i);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        load_peer_open(&run.clients[i].peer, path);
        client_go_on(&run.clients[i]);
    }
}

/* A worker that left before its last result was read would have its task queued again. */
static void settle_workers(void)
{
    for (size_t i = 0; i < WORKERS; i++)
        load_peer_say(&run.workers[i].peer, GM_ECHO_REQ, NULL, gm_text("settled"));
    while (run.workers_settled < WORKERS)
        go_on();
}

static void finish(void)
{
    for (size_t i = 0; i < CLIENTS; i++)
        load_peer_close(&run.clients[i].peer);
    for (size_t i = 0; i < WORKERS; i++)
        load_peer_close(&run.workers[i].peer);
    for (size_t i = 0; i < run.tasks; i++)
        if (run.done[i] != 1)
            wrong(i, "no worker ever had it");
    free(run.done);
}

int main(int argc, char **argv)
{
    double began = seconds_now();

    if (argc != 4) {
        fprintf(stderr, "usage: mixed_load SOCKET TASKS SEED\n");
        return 2;
    }
    run.tasks = strtoull(argv[2], NULL, 10);
    run.seed = strtoull(argv[3], NULL, 10);
    run.done = calloc(run.tasks, sizeof *run.done);
    if (run.done == NULL)
        load_die("mixed_load", strerror(errno));
    begin(argv[1]);
    while (run.ended < run.tasks)
        go_on();
    settle_workers();
    finish();
    printf("mixed_load tasks=%zu background=%zu failed=%zu in_parts=%zu told=%zu bytes=%" PRIu64
           " seconds=%.1f\n",
           run.tasks, run.background, run.ends[ENDS_FAILED], run.ends[ENDS_IN_PARTS],
           run.ends[ENDS_TOLD], run.bytes, seconds_now() - began);
    return 0;
}
