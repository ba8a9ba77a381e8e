#ifndef LOAD_H
#define LOAD_H

/*
 * All the peers of a run in one loop: clients and workers, and those that only stand by. The modes give
 * tasks to clients; the protocols say what became of them.
 */
#include <stdbool.h>
#include <stdint.h>

#include "conn.h"
#include "latency.h"
#include "options.h"
#include "peer.h"
#include "protocol.h"
#include "server.h"

/* What is counted from one moment to another. */
struct window {
    bool open;
    uint64_t begin_ns, end_ns;
    uint64_t ended; /* tasks within it */
    struct server_use before, after;
    uint64_t own_cpu_ns; /* that this process has used */
};

struct load {
    const struct options *options;
    const struct protocol *protocol; /* of the options */
    int epoll;
    uint64_t now_ns;      /* read after every wait and every read */
    uint64_t progress_ns; /* when something was confirmed, accepted or ended */

    struct peer *peers;
    unsigned peer_count, waiting_count; /* connected, and of those not ready */
    struct peer *clients, *workers;
    unsigned worker_count;
    char (*functions)[FUNCTION_NAME_SIZE];

    bool background;      /* tasks are submitted in the background, nobody waits for a result */
    bool stopping;        /* clients submit no more */
    uint64_t submitted;   /* all tasks */
    uint64_t outstanding; /* submitted, and not ended: no result, or not accepted if background */
    uint64_t refused;
    uint64_t unfinished; /* given up by the mode: it waits no longer */
    uint64_t number_sum; /* for --check: of all numbers submitted, less those that came back */
    uint16_t run;

    struct window window;
    struct latency latency;
    uint64_t rss_begin_kib, rss_kib;
};

/* A way to load a server. `ended` is told of each task that a client has the result of (or that was
 * accepted, if background); `start_ns` is its beginning. */
struct mode {
    const char *name;
    bool keeps;         /* needs a protocol that does */
    bool bears_refusal; /* a task that is refused is counted, and no reason to end */
    void (*run)(struct load *load);
    void (*ended)(struct load *load, struct peer *client, uint64_t start_ns);
};

/* The mode of that name, or NULL; its names, with blanks between. */
const struct mode *mode_named(const char *name);
extern const char mode_names[];

extern const struct mode round_trip, pipelined, fill, drain, open_loop;

/* ---- what modes use ---- */

/* Nobody is connected yet. */
void load_init(struct load *load, const struct options *options);

/* A task of `client` that begins, or should have begun, at `start_ns`. Leaves with the next flush. */
void load_submit(struct load *load, struct peer *client, uint64_t start_ns);

/* Waits until something happens, at most until `until_ns`, and handles it. Ends the program if nothing
 * comes forward for ten seconds. */
void load_turn(struct load *load, uint64_t until_ns);

/* Turns until then; until no task is outstanding; until all peers are ready. */
void load_until(struct load *load, uint64_t until_ns);
void load_until_ended(struct load *load);
void load_until_ready(struct load *load);

/* Begins and ends what is measured. */
void window_open(struct load *load);
void window_close(struct load *load);

/* ---- what protocols say ---- */

/* A client has a result. */
void load_result(struct load *load, struct peer *client, const uint8_t *bytes, size_t size);

/* The next background task of this client is accepted. */
void load_accepted(struct load *load, struct peer *client);

/* A task is refused, in a mode that bears it. */
void load_refused(struct load *load);

/* A worker has done a background task. */
void load_done(struct load *load, const struct peer *worker);

uint64_t clock_ns(void);

#endif
