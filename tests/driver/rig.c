#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICES_MAX = 64, ROOM_MAX = 8 };

struct rig_setup rig_setup_ample(void)
{
    return (struct rig_setup){
        .limits = {.connections = 64,
                   .tasks = 4096,
                   .functions = 64,
                   .function_name_max = 128,
                   .payload_max = 100000,
                   .text_line_max = 1024,
                   .submissions_per_connection = 4096,
                   .waiters_per_task = 24,
                   .registrations_per_worker = 64,
                   .outbox_max = 1 << 20},
        .tasks = {.pool_size = 16 << 20,
                  .class_count = 4,
                  .classes = {{256, 30}, {1024, 20}, {8192, 20}, {65536, 30}}},
        .wire = {.pool_size = 16 << 20,
                 .class_count = 4,
                 .classes = {{128, 20}, {1024, 20}, {8192, 20}, {65536, 40}}},
        .worker_wakeup = 1,
        .seed = 7};
}

static struct router_setup router_setup_of(const struct rig_setup *setup)
{
    return (struct router_setup){.limits = setup->limits,
                                 .every_function = setup->every_function,
                                 .functions = setup->functions,
                                 .function_count = setup->function_count,
                                 .patterns = setup->patterns,
                                 .pattern_count = setup->pattern_count,
                                 .handle_prefix = "H:box",
                                 .version = "1.2.3",
                                 .verbosity = "NOTICE",
                                 .pid = 4711,
                                 .worker_wakeup = setup->worker_wakeup,
                                 .round_robin = setup->round_robin,
                                 .exceptions = setup->exceptions};
}

bool rig_change(struct rig *rig, const struct rig_setup *setup)
{
    struct router_setup router = router_setup_of(setup);

    return router_change(rig->router, &router);
}

void rig_init(struct rig *rig, const struct rig_setup *setup)
{
    struct router_setup router = router_setup_of(setup);
    enum router_status status;

    *rig = (struct rig){.setup = *setup, .now = {.mono_us = 1000000, .wall_us = RIG_WALL_US}};
    pools_map(&rig->pools, &setup->limits, &setup->tasks, &setup->wire);
    router.pools = rig->pools;
    memset(router.seed, setup->seed, sizeof router.seed);
    status = router_init(&rig->router, &router);
    driver_expect(status == ROUTER_OK, router_status_text(status));
    rig->tasks_base = pool_used(rig->pools.tasks);
    rig->wire_base = pool_used(rig->pools.wire);
    rig->workers_base = pool_used(rig->pools.workers);
    router_tick(rig->router, rig->now);
    rig->next_us = router_deadline(rig->router);
}

void rig_check(struct rig *rig)
{
    const char *finding = router_check(rig->router);

    if (finding == NULL)
        finding = router_audit(rig->router);
    if (finding != NULL)
        driver_failed(finding);
}

void rig_finish(struct rig *rig)
{
    for (struct remote *remote = rig->remotes; remote != NULL; remote = remote->next)
        remote_leave(remote);
    rig_turn(rig);
    (void)router_abandon(rig->router);
    driver_expect(router_is_empty(rig->router), "tasks are left when all have been given up");
    rig_check(rig);
    driver_expect(pool_used(rig->pools.tasks) == rig->tasks_base, "the pool tasks has lost blocks");
    driver_expect(pool_used(rig->pools.wire) == rig->wire_base, "the pool wire has lost blocks");
    driver_expect(pool_used(rig->pools.workers) == rig->workers_base,
                  "the pool workers has lost blocks");
    router_finish(rig->router);
    driver_expect(pool_used(rig->pools.tasks) == 0 && pool_used(rig->pools.wire) == 0 &&
                      pool_used(rig->pools.workers) == 0 && pool_used(rig->pools.runtime) == 0,
                  "router_finish() has kept blocks");
    pools_check(&rig->pools);
    pools_unmap(&rig->pools);
    for (struct remote *next, *remote = rig->remotes; remote != NULL; remote = next) {
        next = remote->next;
        bytes_free(&remote->heard);
        free(remote);
    }
    rig->remotes = NULL;
}

struct router_counts rig_counts(const struct rig *rig)
{
    struct router_counts counts;

    router_counts(rig->router, &counts);
    return counts;
}

/* ---- remotes ---- */

struct remote *remote_new(struct rig *rig)
{
    return remote_with(rig, RIGHT_ALL);
}

struct remote *remote_with(struct rig *rig, unsigned rights)
{
    struct remote *remote = heap_take(sizeof *remote);
    struct remote **end = &rig->remotes;
    char address[PEER_ADDRESS_MAX + 1];

    driver_expect(router_has_room(rig->router, RIGHT_ALL), "no room for one more peer");
    *remote = (struct remote){.rig = rig,
                              .seat = heap_take(sizeof *remote->seat),
                              .number = ++rig->numbers,
                              .appetite = SIZE_MAX};
    while (*end != NULL)
        end = &(*end)->next;
    *end = remote;
    remote->seat->remote = remote;
    (void)snprintf(address, sizeof address, "remote-%d", remote->number);
    router_connect(rig->router, &remote->seat->peer, remote->number, address, rights);
    return remote;
}

void remote_leave(struct remote *remote)
{
    if (remote->seat == NULL)
        return;
    router_disconnect(remote->rig->router, &remote->seat->peer);
    free(remote->seat);
    remote->seat = NULL;
    remote->stuck = remote->halted = false;
    bytes_free(&remote->to_send);
}

void remote_free(struct remote *remote)
{
    struct remote **at = &remote->rig->remotes;

    while (*at != remote)
        at = &(*at)->next;
    *at = remote->next;
    remote_leave(remote);
    bytes_free(&remote->heard);
    free(remote);
}

void remote_post(struct remote *remote, const void *bytes, size_t size)
{
    if (remote->seat != NULL)
        bytes_add(&remote->to_send, bytes, size);
}

size_t remote_unjudged(const struct remote *remote)
{
    return remote->seat == NULL ? 0 : remote->seat->peer.inbox.parked_size;
}

bool remote_is_settled(const struct remote *remote)
{
    return remote->to_send.size == 0 && remote_unjudged(remote) == 0;
}

/* The rig ends a peer because the core wants it. */
static void remote_end(struct remote *remote)
{
    struct rig *rig = remote->rig;

    if (rig->on_end != NULL)
        rig->on_end(remote, remote->seat->peer.standing, rig->context);
    remote_leave(remote);
}

/* ---- bytes in ---- */

/* Copies the front of what is to be sent to where it belongs; returns the bytes. */
static size_t remote_fill(const struct remote *remote, const struct iovec *room, size_t count)
{
    size_t bound = remote->piece == RIG_ALL ? SIZE_MAX : remote->piece;
    size_t copied = 0;

    for (size_t i = 0; i < count; i++) {
        size_t size = remote->to_send.size - copied;

        driver_expect(room[i].iov_len > 0, "peer_input() names an empty stretch");
        if (size > room[i].iov_len)
            size = room[i].iov_len;
        if (size > bound - copied)
            size = bound - copied;
        if (size > 0)
            memcpy(room[i].iov_base, remote->to_send.at + copied, size);
        copied += size;
    }
    return copied;
}

/* One read of one peer. Returns true if bytes moved. */
static bool remote_feed(struct remote *remote)
{
    struct rig *rig = remote->rig;
    struct iovec room[ROOM_MAX];
    size_t count, bytes;

    if (remote->seat == NULL || remote->to_send.size == 0 || remote->halted)
        return false;
    count = peer_input(&remote->seat->peer, room, ROOM_MAX);
    if (count == 0) {
        remote->halted = true;
        return false;
    }
    bytes = remote_fill(remote, room, count);
    bytes_drop(&remote->to_send, bytes);
    remote->fed += bytes;
    peer_input_got(&remote->seat->peer, bytes);
    if (rig->on_fed != NULL)
        rig->on_fed(remote, rig->context);
    return true;
}

/* ---- bytes out ---- */

/* Takes what the slices hold, as far as the appetite goes. */
static size_t remote_take(struct remote *remote, const struct iovec *slices, size_t count)
{
    size_t taken = 0;

    for (size_t i = 0; i < count; i++) {
        size_t size = slices[i].iov_len;

        driver_expect(size > 0, "peer_output() fills an empty slice");
        if (size > remote->appetite)
            size = remote->appetite;
        bytes_add(&remote->heard, slices[i].iov_base, size);
        if (remote->appetite != SIZE_MAX)
            remote->appetite -= size;
        taken += size;
    }
    return taken;
}

/* Writes until nothing waits or nobody reads. Returns true if bytes moved. */
static bool remote_write(struct remote *remote)
{
    size_t max = remote->slices == RIG_ALL ? SLICES_MAX : remote->slices;
    struct iovec slices[SLICES_MAX];
    bool moved = false;

    for (;;) {
        size_t count = peer_output(&remote->seat->peer, slices, max);
        size_t taken;

        driver_expect((count > 0) == peer_has_output(&remote->seat->peer),
                      "peer_output() and peer_has_output() disagree");
        remote->stuck = count > 0;
        if (count == 0)
            return moved;
        taken = remote_take(remote, slices, count);
        if (taken == 0)
            return moved;
        peer_output_sent(&remote->seat->peer, taken);
        moved = true;
    }
}

/* The core has named this peer, or it got stuck before. Returns true if something moved. */
static bool remote_serve(struct remote *remote)
{
    bool moved = false;

    if (remote->seat->peer.standing != PEER_DROPPED)
        moved = remote_write(remote);
    switch (remote->seat->peer.standing) {
    case PEER_OPEN:
        moved = moved || remote->halted;
        remote->halted = false;
        return moved;
    case PEER_ENDING:
        if (remote->stuck)
            return moved;
        break;
    case PEER_DROPPED:
        break;
    }
    remote_end(remote);
    return true;
}

static bool rig_serve_named(struct rig *rig)
{
    struct peer *peer;
    bool moved = false;

    while ((peer = router_next_output(rig->router)) != NULL)
        moved = remote_serve(((struct seat *)(void *)peer)->remote) || moved;
    return moved;
}

static bool rig_serve_stuck(struct rig *rig)
{
    bool moved = false;

    for (struct remote *remote = rig->remotes; remote != NULL; remote = remote->next)
        if (remote->seat != NULL && remote->stuck && remote->appetite > 0)
            moved = remote_serve(remote) || moved;
    return moved;
}

/* Who waited goes on; what was judged by that is told to whoever keeps count. */
static bool rig_settle(struct rig *rig)
{
    bool settled = router_settle(rig->router);

    for (struct remote *remote = rig->remotes; remote != NULL; remote = remote->next)
        if (rig->on_fed != NULL && remote->seat != NULL)
            rig->on_fed(remote, rig->context);
    return settled;
}

/* Nobody may be forgotten: who has something to say or can be read again was named. */
static void rig_expect_all_named(const struct rig *rig)
{
    for (const struct remote *remote = rig->remotes; remote != NULL; remote = remote->next) {
        if (remote->seat == NULL)
            continue;
        driver_expect(remote->stuck || !peer_has_output(&remote->seat->peer),
                      "a peer has output and was not named");
        driver_expect(!remote->halted || !peer_is_read(&remote->seat->peer),
                      "a peer can be read again and was not named");
    }
}

static void one_turn(struct rig *rig)
{
    bool moved;

    router_tick(rig->router, rig->now);
    rig->next_us = router_deadline(rig->router);
    do {
        moved = false;
        for (struct remote *remote = rig->remotes; remote != NULL; remote = remote->next)
            moved = remote_feed(remote) || moved;
        do {
            moved = rig_serve_stuck(rig) || moved;
            moved = rig_serve_named(rig) || moved;
        } while (rig_settle(rig));
    } while (moved);
    rig_expect_all_named(rig);
}

void rig_turn(struct rig *rig)
{
    do
        one_turn(rig);
    while (router_deadline(rig->router) <= rig->now.mono_us);
}

void rig_sleep(struct rig *rig, uint64_t us)
{
    rig->now.mono_us += us;
    rig->now.wall_us += (int64_t)us;
    rig_turn(rig);
}

void rig_set_wall(struct rig *rig, int64_t wall_us)
{
    rig->now.wall_us = wall_us;
    rig_turn(rig);
}
