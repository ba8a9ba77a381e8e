#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fail.h"

enum { EVENTS_MAX = 512 };

/* The system accounts CPU time when a process sleeps, or at its ticks, of which there are 100 a second at
 * least. A server without work is given so long to sleep before its time is read; one with work is up to
 * a tick behind, which is nothing among seconds. */
static const struct timespec accounting_time = {.tv_nsec = 12000000};

static const uint64_t stalled_ns = UINT64_C(10000000000);

uint64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t own_cpu_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

/* ---- the loop ---- */

static void peer_read(struct load *load, struct peer *peer)
{
    struct buffer *in = &peer->conn.in;
    size_t taken;

    switch (conn_read(&peer->conn)) {
    case CONN_GOT:
        break;
    case CONN_NOTHING:
        return;
    case CONN_ENDED:
        fail("%s %u: the server has closed the connection%s%s", peer->role, peer->number,
             errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    }
    load->now_ns = clock_ns();
    while ((taken = peer->take(load, peer, in->bytes + in->begin, in->end - in->begin)) > 0) {
        conn_taken(&peer->conn, taken);
        if (in->begin == in->end)
            break;
    }
}

static void stalled(const struct load *load)
{
    fail("no progress for %" PRIu64 " s: %" PRIu64 " tasks submitted, %" PRIu64
         " of them outstanding; %u of %u connections wait for the server's confirmation",
         stalled_ns / 1000000000u, load->submitted, load->outstanding, load->waiting_count,
         load->peer_count);
}

/* How long the loop may sleep. */
static struct timespec sleep_time(const struct load *load, uint64_t until_ns)
{
    uint64_t latest_ns = load->progress_ns + stalled_ns;
    uint64_t wake_ns = until_ns < latest_ns ? until_ns : latest_ns;
    uint64_t ns = 0;

    if (!load->options->spin && wake_ns > load->now_ns)
        ns = wake_ns - load->now_ns;
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u),
                             .tv_nsec = (long)(ns % 1000000000u)};
}

void load_turn(struct load *load, uint64_t until_ns)
{
    struct epoll_event events[EVENTS_MAX];
    struct timespec timeout;
    int count;

    load->now_ns = clock_ns();
    if (load->outstanding == 0 && load->waiting_count == 0)
        load->progress_ns = load->now_ns;
    timeout = sleep_time(load, until_ns);
    count = epoll_pwait2(load->epoll, events, EVENTS_MAX, &timeout, NULL);
    if (count < 0 && errno != EINTR)
        fail("epoll_pwait2: %s", strerror(errno));
    load->now_ns = clock_ns();
    for (int i = 0; i < count; i++) {
        struct peer *peer = events[i].data.ptr;

        if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0)
            peer_read(load, peer);
        peer_flush(load, peer);
        if (peer->client != NULL)
            peer_flush(load, peer->client);
    }
    if (load->now_ns - load->progress_ns > stalled_ns)
        stalled(load);
}

void load_until(struct load *load, uint64_t until_ns)
{
    do
        load_turn(load, until_ns);
    while (load->now_ns < until_ns);
}

void load_until_ended(struct load *load)
{
    while (load->outstanding > 0)
        load_turn(load, UINT64_MAX);
}

void load_until_ready(struct load *load)
{
    while (load->waiting_count > 0)
        load_turn(load, UINT64_MAX);
}

/* ---- tasks ---- */

/* Scatters a number, so that no two sums of numbers are equal by chance. */
static uint64_t scattered(uint32_t number)
{
    uint64_t x = (number + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);

    return x ^ x >> 29;
}

static void start_remember(const struct load *load, struct peer *client, uint64_t start_ns)
{
    unsigned room = load->options->flight;

    if (client->starts_count == room)
        fail("client %u: more tasks in flight than the %u allowed", client->number, room);
    client->starts[(client->starts_at + client->starts_count++) % room] = start_ns;
}

void load_submit(struct load *load, struct peer *client, uint64_t start_ns)
{
    struct task task = {.start_ns = start_ns,
                        .number = (uint32_t)load->submitted,
                        .client = client->number,
                        .run = load->run};

    if (load->background)
        start_remember(load, client, start_ns);
    if (load->options->check)
        load->number_sum += scattered(task.number);
    if (load->outstanding == 0)
        load->progress_ns = load->now_ns;
    load->submitted++;
    load->outstanding++;
    load->protocol->submit(load, client, task);
}

static void task_ended(struct load *load, struct peer *client, uint64_t start_ns)
{
    if (load->outstanding == 0)
        fail("client %u: an answer too many", client->number);
    load->outstanding--;
    load->window.ended += load->window.open;
    load->progress_ns = load->now_ns;
    load->options->mode->ended(load, client, start_ns);
}

void load_result(struct load *load, struct peer *client, const uint8_t *bytes, size_t size)
{
    struct task task;

    if (!task_read(&task, bytes, size))
        fail("client %u: a result of %zu bytes, where %zu were sent", client->number, size,
             load->options->size);
    if (task.run != load->run || task.client != client->number)
        fail("client %u: the result of another's task", client->number);
    if (load->options->check) {
        if (!task_is_whole(task, bytes))
            fail("client %u: the result of task %u is not its argument", client->number,
                 task.number);
        load->number_sum -= scattered(task.number);
    }
    task_ended(load, client, task.start_ns);
}

void load_accepted(struct load *load, struct peer *client)
{
    uint64_t start_ns;

    if (client->starts_count == 0)
        fail("client %u: a task was accepted that was not submitted", client->number);
    start_ns = client->starts[client->starts_at];
    client->starts_at = (client->starts_at + 1) % load->options->flight;
    client->starts_count--;
    task_ended(load, client, start_ns);
}

void load_refused(struct load *load)
{
    if (load->outstanding == 0)
        fail("a refusal too many");
    load->outstanding--;
    load->refused++;
    load->progress_ns = load->now_ns;
}

void load_done(struct load *load, const struct peer *worker)
{
    if (load->outstanding == 0)
        fail("worker %u: a task too many: was the queue empty before?", worker->number);
    load->outstanding--;
    load->window.ended += load->window.open;
    load->progress_ns = load->now_ns;
}

/* ---- the beginning, and what is measured ---- */

/* A connection is a descriptor; there are a few besides. */
static void descriptors_provide(unsigned connections)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("RLIMIT_NOFILE: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("RLIMIT_NOFILE: %s", strerror(errno));
    if (connections + 32 > limit.rlim_max)
        fail("%u connections need more descriptors than the %llu that the system allows",
             connections, (unsigned long long)limit.rlim_max);
}

static void functions_name(struct load *load, unsigned count)
{
    load->functions = must_calloc(count, sizeof *load->functions);
    for (unsigned i = 0; i < count; i++)
        snprintf(load->functions[i], sizeof *load->functions, count == 1 ? "bench" : "bench-%u", i);
}

void load_init(struct load *load, const struct options *options)
{
    unsigned connections = options->idle + options->workers + 2 * options->clients;

    descriptors_provide(connections);
    *load = (struct load){.options = options,
                          .protocol = options->protocol,
                          .epoll = epoll_create1(EPOLL_CLOEXEC),
                          .worker_count = options->workers,
                          .background = options->mode->keeps,
                          .run = (uint16_t)getpid(),
                          .peers = must_calloc(connections, sizeof *load->peers)};
    if (load->epoll < 0)
        fail("epoll_create1: %s", strerror(errno));
    load->now_ns = load->progress_ns = clock_ns();
    tasks_prepare(options->size);
    functions_name(load, options->functions);
    if (load->protocol->prepare != NULL)
        load->protocol->prepare(load);
    load->rss_begin_kib = server_rss_kib(options->server_pid);
}

void window_open(struct load *load)
{
    struct window *window = &load->window;

    *window = (struct window){.open = true, .before = server_use(load->options->server_pid)};
    window->own_cpu_ns = own_cpu_ns();
    window->begin_ns = clock_ns();
}

void window_close(struct load *load)
{
    struct window *window = &load->window;

    window->end_ns = clock_ns();
    if (load->outstanding == 0)
        nanosleep(&accounting_time, NULL);
    window->own_cpu_ns = own_cpu_ns() - window->own_cpu_ns;
    window->after = server_use(load->options->server_pid);
    window->open = false;
}
