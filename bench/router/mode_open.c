/*
 * The open loop: tasks begin at a fixed rate, whether or not earlier ones are back. Each has its time
 * in the schedule, one after the other at equal distances and from client to client, and its latency
 * counts from there: if this program, the sockets or the server make it wait, that is part of it. So
 * nothing is left out while somebody stands still (coordinated omission).
 *
 * Measured are the tasks whose time is in the window, also those that end after it. Those that are not
 * back `patience_ns` later are given up as unfinished. Each of them, and each that was refused, counts as
 * one that took the whole time from the beginning of the window.
 */
#include <math.h>

#include "load.h"

static const uint64_t patience_ns = UINT64_C(5000000000);

/* The times of the first task, of the first measured one, and of the first that is no more. */
static uint64_t begin_ns, measured_ns, end_ns;

static void open_ended(struct load *load, struct peer *client, uint64_t start_ns)
{
    (void)client;
    if (start_ns >= measured_ns && start_ns < end_ns)
        latency_add(&load->latency, load->now_ns - start_ns, 1);
}

static uint64_t time_of(const struct load *load, uint64_t task)
{
    return begin_ns + (uint64_t)llround((double)task * 1e9 / load->options->rate);
}

/* Submits what is due until then, and waits for the next. */
static void submit_until(struct load *load, uint64_t until_ns)
{
    unsigned clients = load->options->clients;

    for (;;) {
        uint64_t next_ns = time_of(load, load->submitted);
        uint64_t now_ns = load->now_ns = clock_ns();
        uint64_t first = load->submitted;

        while (next_ns <= now_ns && next_ns < until_ns) {
            load_submit(load, &load->clients[load->submitted % clients], next_ns);
            next_ns = time_of(load, load->submitted);
        }
        for (uint64_t task = first; task < load->submitted && task < first + clients; task++)
            peer_flush(load, &load->clients[task % clients]);
        if (now_ns >= until_ns)
            return;
        load_turn(load, next_ns < until_ns ? next_ns : until_ns);
    }
}

static void open_run(struct load *load)
{
    peers_open_workers(load);
    peers_begin_workers(load);
    load_until_ready(load);
    peers_open_clients(load);

    begin_ns = clock_ns();
    measured_ns = begin_ns + (uint64_t)(load->options->warmup * 1e9);
    end_ns = measured_ns + (uint64_t)(load->options->seconds * 1e9);
    submit_until(load, measured_ns);
    window_open(load);
    submit_until(load, end_ns);
    window_close(load);
    while (load->outstanding > 0 && load->now_ns < end_ns + patience_ns)
        load_turn(load, end_ns + patience_ns);
    load->unfinished = load->outstanding;
    latency_add(&load->latency, load->now_ns - measured_ns, load->unfinished + load->refused);
}

const struct mode open_loop = {
    .name = "open_loop", .bears_refusal = true, .run = open_run, .ended = open_ended};
