/*
 * Tasks that wait in the server. `fill` submits so many in the background, each client with so many
 * unaccepted ones in flight, and leaves them there; `drain` does the same unmeasured, and then has the
 * workers do them all.
 */
#include "load.h"

static void stored_ended(struct load *load, struct peer *client, uint64_t start_ns)
{
    if (load->window.open)
        latency_add(&load->latency, load->now_ns - start_ns, 1);
    if (load->submitted < load->options->tasks)
        load_submit(load, client, load->now_ns);
}

static void store(struct load *load)
{
    const struct options *options = load->options;

    load->now_ns = clock_ns();
    for (unsigned i = 0; i < options->clients; i++) {
        for (unsigned task = 0; task < options->flight && load->submitted < options->tasks; task++)
            load_submit(load, &load->clients[i], load->now_ns);
        peer_flush(load, &load->clients[i]);
    }
    load_until_ended(load);
}

static void fill_run(struct load *load)
{
    peers_open_clients(load);
    window_open(load);
    store(load);
    window_close(load);
}

/* The server knows the workers' connections before, and of all that they have done in the end. */
static void drain_run(struct load *load)
{
    peers_open_workers(load);
    peers_open_clients(load);
    store(load);

    window_open(load);
    load->outstanding = load->options->tasks;
    peers_begin_workers(load);
    load_until_ended(load);
    peers_end_workers(load);
    window_close(load);
}

const struct mode fill = {.name = "fill", .keeps = true, .run = fill_run, .ended = stored_ended};
const struct mode drain = {.name = "drain", .keeps = true, .run = drain_run, .ended = stored_ended};
