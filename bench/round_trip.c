/*
 * bench_round_trip --pmadd PROGRAM | --socket PATH
 *
 * What does a task cost, from its submission to its result, through pmadd's Unix socket? One stable
 * line a question:
 *
 *     bench=round_trip mode=alone size=64 clients=1 in_flight=1 workers=1 tasks=20000
 *     p50_us=... p99_us=... tasks_per_s=... server_cpu_us_per_task=...
 *
 * (in one line). `alone` is one client with one task at a time and one worker, both asleep most of
 * the time: what a user waits for. `busy` is 8 clients with 16 tasks in flight each, and 8 workers:
 * what the daemon can carry. The workers ask in the classic way (GRAB_JOB, PRE_SLEEP) and answer with
 * the payload; they live in a process of their own. A tenth of the tasks runs ahead unmeasured.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load_peer.h"
#include "measured.h"

enum {
    PEERS_MAX = 8,
    IN_FLIGHT_MAX = 16,
    PAYLOAD_MAX = 1024,
    STILL_MS = 30000 /* nothing at all for so long: something is lost */
};

struct mode {
    const char *name;
    size_t size, clients, in_flight, workers, tasks;
};

static const struct mode modes[] = {
    {.name = "alone", .size = 64, .clients = 1, .in_flight = 1, .workers = 1, .tasks = 20000},
    {.name = "alone", .size = 1024, .clients = 1, .in_flight = 1, .workers = 1, .tasks = 20000},
    {.name = "busy", .size = 64, .clients = 8, .in_flight = 16, .workers = 8, .tasks = 300000},
    {.name = "busy", .size = 1024, .clients = 8, .in_flight = 16, .workers = 8, .tasks = 300000},
};

struct flight {
    uint64_t submitted_ns;
    size_t handle_size; /* 0 until JOB_CREATED */
    uint8_t handle[GM_HANDLE_MAX];
};

struct client {
    struct load_peer peer;
    size_t count;
    struct flight flights[IN_FLIGHT_MAX]; /* in the order of submission */
};

/* One run of a mode. */
struct run {
    const struct mode *mode;
    size_t tasks, submitted, ended;
    uint32_t *times_ns; /* of the tasks that ended, in that order */
    struct client clients[PEERS_MAX];
};

static const struct gm_slice nothing = {NULL, 0};
static const uint8_t payload[PAYLOAD_MAX];

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Flushes, waits, and reads what has come for these peers. */
static void peers_wait(struct load_peer *const *peers, size_t count, int timeout_ms)
{
    struct pollfd polls[PEERS_MAX];
    int ready;

    for (size_t i = 0; i < count; i++) {
        load_peer_flush(peers[i]);
        polls[i].fd = peers[i]->fd;
        polls[i].events = (short)(load_peer_waits(peers[i]) ? POLLIN | POLLOUT : POLLIN);
    }
    ready = poll(polls, count, timeout_ms);
    if (ready == 0)
        load_die("bench_round_trip", "no answer any more");
    if (ready < 0)
        load_die("poll", strerror(errno));
    for (size_t i = 0; i < count; i++)
        if ((polls[i].revents & ~POLLOUT) != 0)
            load_peer_read(peers[i]);
}

/* ---- the process of the workers ---- */

static void worker_frame(struct load_peer *worker, const struct gm_head *head, struct gm_slice body)
{
    switch (head->type) {
    case GM_NO_JOB:
        load_peer_say(worker, GM_PRE_SLEEP, NULL, nothing);
        break;
    case GM_JOB_ASSIGN:
        load_peer_say(worker, GM_WORK_COMPLETE, &head->args[0], body);
        load_peer_say(worker, GM_GRAB_JOB, NULL, nothing);
        break;
    case GM_NOOP:
        load_peer_say(worker, GM_GRAB_JOB, NULL, nothing);
        break;
    default:
        load_die(gm_packet_name(head->type), "not meant for a worker");
    }
}

static _Noreturn void work(struct load_peer *workers, size_t count)
{
    struct load_peer *peers[PEERS_MAX] = {NULL};
    struct gm_head head;
    struct gm_slice body;

    for (size_t i = 0; i < count; i++)
        peers[i] = &workers[i];
    for (;;) {
        peers_wait(peers, count, -1);
        for (size_t i = 0; i < count; i++)
            while (load_peer_next(peers[i], &head, &body))
                worker_frame(peers[i], &head, body);
    }
}

/* Starts the workers' process. They are connected and registered on return; it lives until killed. */
static pid_t workers_start(const char *socket, size_t count)
{
    struct load_peer workers[PEERS_MAX];
    const struct gm_slice function = gm_text("bench");
    pid_t pid;

    for (size_t i = 0; i < count; i++) {
        load_peer_open(&workers[i], socket);
        load_peer_say(&workers[i], GM_CAN_DO, &function, nothing);
        load_peer_say(&workers[i], GM_GRAB_JOB, NULL, nothing);
    }
    pid = fork();
    if (pid < 0)
        load_die("fork", strerror(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        work(workers, count);
    }
    for (size_t i = 0; i < count; i++)
        load_peer_close(&workers[i]);
    return pid;
}

static void workers_end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* ---- the clients ---- */

static void client_submit(struct run *run, struct client *client)
{
    while (client->count < run->mode->in_flight && run->submitted < run->tasks) {
        client->flights[client->count++] = (struct flight){.submitted_ns = now_ns()};
        load_peer_say(&client->peer, GM_SUBMIT_JOB, (struct gm_slice[]){gm_text("bench"), nothing},
                      (struct gm_slice){.bytes = payload, .size = run->mode->size});
        run->submitted++;
    }
}

/* JOB_CREATED comes in the order of submission. */
static void client_created(struct client *client, struct gm_slice handle)
{
    struct flight *flight = client->flights;

    while (flight < client->flights + client->count && flight->handle_size > 0)
        flight++;
    if (flight == client->flights + client->count || handle.size > sizeof flight->handle)
        load_die("JOB_CREATED", "for a task that was not submitted");
    memcpy(flight->handle, handle.bytes, handle.size);
    flight->handle_size = handle.size;
}

static void client_complete(struct run *run, struct client *client, struct gm_slice handle,
                            size_t size)
{
    struct flight *flight = client->flights;
    const struct flight *end = flight + client->count;

    while (flight < end &&
           !gm_slice_equal((struct gm_slice){flight->handle, flight->handle_size}, handle))
        flight++;
    if (flight == end || size != run->mode->size)
        load_die("WORK_COMPLETE", "is not what was asked for");
    run->times_ns[run->ended++] = (uint32_t)(now_ns() - flight->submitted_ns);
    memmove(flight, flight + 1, (size_t)(end - (flight + 1)) * sizeof *flight);
    client->count--;
}

static void client_frames(struct run *run, struct client *client)
{
    struct gm_head head;
    struct gm_slice body;

    while (load_peer_next(&client->peer, &head, &body))
        switch (head.type) {
        case GM_JOB_CREATED:
            client_created(client, head.args[0]);
            break;
        case GM_WORK_COMPLETE:
            client_complete(run, client, head.args[0], body.size);
            break;
        default:
            load_die(gm_packet_name(head.type), "not meant for a client");
        }
}

/* Submits `tasks` more and waits for all of them. */
static void run_tasks(struct run *run, size_t tasks)
{
    struct load_peer *peers[PEERS_MAX] = {NULL};
    size_t count = run->mode->clients;

    run->tasks = tasks;
    run->submitted = run->ended = 0;
    for (size_t i = 0; i < count; i++)
        peers[i] = &run->clients[i].peer;
    while (run->ended < tasks) {
        for (size_t i = 0; i < count; i++)
            client_submit(run, &run->clients[i]);
        peers_wait(peers, count, STILL_MS);
        for (size_t i = 0; i < count; i++)
            client_frames(run, &run->clients[i]);
    }
}

static int by_time(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

/* Of the sorted times. */
static double percentile_us(const struct run *run, size_t percent)
{
    size_t index = run->ended * percent / 100;

    return run->times_ns[index] / 1e3;
}

static void report(const struct run *run, uint64_t wall_ns, uint64_t cpu_ns)
{
    const struct mode *mode = run->mode;
    size_t tasks = mode->tasks;

    qsort(run->times_ns, tasks, sizeof *run->times_ns, by_time);
    printf("bench=round_trip mode=%s size=%zu clients=%zu in_flight=%zu workers=%zu tasks=%zu "
           "p50_us=%.1f p99_us=%.1f tasks_per_s=%.0f server_cpu_us_per_task=%.2f\n",
           mode->name, mode->size, mode->clients, mode->in_flight, mode->workers, tasks,
           percentile_us(run, 50), percentile_us(run, 99), (double)tasks * 1e9 / (double)wall_ns,
           (double)cpu_ns / 1e3 / (double)tasks);
    fflush(stdout);
}

static void run_mode(const struct measured *daemon, const struct mode *mode)
{
    struct run run = {.mode = mode, .times_ns = calloc(mode->tasks, sizeof *run.times_ns)};
    pid_t workers = workers_start(daemon->socket, mode->workers);
    uint64_t cpu_ns, wall_ns;

    if (run.times_ns == NULL)
        load_die("memory", strerror(ENOMEM));
    for (size_t i = 0; i < mode->clients; i++)
        load_peer_open(&run.clients[i].peer, daemon->socket);
    run_tasks(&run, mode->tasks / 10);
    cpu_ns = measured_cpu_ns(daemon);
    wall_ns = now_ns();
    run_tasks(&run, mode->tasks);
    report(&run, now_ns() - wall_ns, measured_cpu_ns(daemon) - cpu_ns);
    for (size_t i = 0; i < mode->clients; i++)
        load_peer_close(&run.clients[i].peer);
    workers_end(workers);
    free(run.times_ns);
}

int main(int argc, char **argv)
{
    struct measured daemon;

    if (argc == 3 && strcmp(argv[1], "--pmadd") == 0) {
        measured_start(&daemon, argv[2]);
    } else if (argc == 3 && strcmp(argv[1], "--socket") == 0) {
        measured_take(&daemon, argv[2]);
    } else {
        fprintf(stderr, "usage: bench_round_trip --pmadd PROGRAM | --socket PATH\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        run_mode(&daemon, &modes[i]);
    measured_end(&daemon);
    return 0;
}
