/*
 * Closed loops: every client has so many tasks in flight, and submits the next when one comes back.
 * `round_trip` is that with one client and one task; `pipelined` with many.
 */
#include "load.h"

static uint64_t ns_of(double seconds)
{
    return (uint64_t)(seconds * 1e9);
}

static void closed_ended(struct load *load, struct peer *client, uint64_t start_ns)
{
    if (load->window.open)
        latency_add(&load->latency, load->now_ns - start_ns, 1);
    if (!load->stopping)
        load_submit(load, client, load->now_ns);
}

static void closed_run(struct load *load)
{
    const struct options *options = load->options;

    peers_open_workers(load);
    peers_begin_workers(load);
    load_until_ready(load);
    peers_open_clients(load);

    load->now_ns = clock_ns();
    for (unsigned i = 0; i < options->clients; i++) {
        for (unsigned task = 0; task < options->flight; task++)
            load_submit(load, &load->clients[i], load->now_ns);
        peer_flush(load, &load->clients[i]);
    }
    load_until(load, clock_ns() + ns_of(options->warmup));
    window_open(load);
    load_until(load, clock_ns() + ns_of(options->seconds));
    window_close(load);
    load->stopping = true;
    load_until_ended(load);
}

const struct mode round_trip = {.name = "round_trip", .run = closed_run, .ended = closed_ended};
const struct mode pipelined = {.name = "pipelined", .run = closed_run, .ended = closed_ended};
