#include "checks.h"

#include <inttypes.h>
#include <stdio.h>

enum { CHECK_EVERY = 100, EVERYTHING_EVERY = 1000, TIDY_EVERY = 100 };

/* ---- what the core counts ---- */

/* Accepted is what ended, was dropped, or is still here. */
static void expect_promise(const struct world *world)
{
    struct router_counts counts = rig_counts(&world->rig);

    if (counts.submitted != counts.completed + counts.failed + counts.cancelled + counts.abandoned +
                                counts.delayed + counts.queued + counts.assigned)
        model_failed("tasks accepted are not the sum of what became of them");
    if (counts.tasks != counts.arriving + counts.delayed + counts.queued + counts.assigned +
                            counts.cancelled_running + counts.told)
        model_failed("tasks are not the sum of their states");
}

/* Payloads of submissions that have been taken in and are on their way. */
static size_t arriving_bytes(const struct model *model)
{
    size_t bytes = 0;

    for (const struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        for (const struct request *at = actor->requests; at != NULL && at->begun; at = at->next)
            if (model_is_submission(at->type) && !at->refused)
                bytes += at->job->size;
    return bytes;
}

static size_t accepted_bytes(const struct model *model)
{
    size_t bytes = 0;

    for (unsigned function = 0; function < FUNCTIONS; function++)
        bytes += model->bytes[function];
    return bytes;
}

/* What the core counts is what the model counts. */
static void expect_counts(const struct world *world)
{
    struct router_counts counts = rig_counts(&world->rig);
    const struct model *model = &world->model;
    size_t arriving = arriving_bytes(model);
    const struct {
        uint64_t has, should_have;
        const char *finding;
    } rows[] = {
        {counts.delayed, model->states[JOB_DELAYED], "delayed tasks"},
        {counts.queued, model->states[JOB_QUEUED], "queued tasks"},
        {counts.assigned, model->states[JOB_HELD], "assigned tasks"},
        {counts.cancelled_running, model->states[JOB_CANCELLED], "cancelled running tasks"},
        {counts.submitted, model->counts.submitted, "accepted tasks"},
        {counts.coalesced, model->counts.coalesced, "submissions that joined"},
        {counts.completed, model->counts.completed, "completed tasks"},
        {counts.failed, model->counts.failed, "failed tasks"},
        {counts.cancelled, model->counts.cancelled, "cancelled tasks"},
        {counts.abandoned, model->counts.abandoned, "abandoned tasks"},
        {counts.retried, model->counts.retried, "retried tasks"},
        {counts.arriving_bytes, arriving, "bytes of payloads on their way"},
        {counts.bytes, arriving + accepted_bytes(model), "bytes of payloads"},
        {counts.refused, model->counts.refused, "refused submissions"},
        {counts.denied, model->counts.denied, "denied requests"},
        {counts.starved, 0, "peers that wait for memory"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char finding[128];

        if (rows[i].has == rows[i].should_have)
            continue;
        (void)snprintf(finding, sizeof finding, "the core has %" PRIu64 " %s, the model %" PRIu64,
                       rows[i].has, rows[i].finding, rows[i].should_have);
        model_failed(finding);
    }
}

/* ---- limits ---- */

/* Connections and registrations are known everywhere, but for those where an allocation may have failed. */
static void expect_peers(const struct world *world)
{
    struct router_counts counts = rig_counts(&world->rig);
    size_t peers = 0, registrations = 0;

    for (const struct actor *at = world->model.actors; at != NULL; at = at->next) {
        peers++;
        registrations += at->able_count;
    }
    if (counts.peers != peers)
        model_failed("the core counts other connections than there are");
    if (!world->model.scarce && counts.registrations != registrations)
        model_failed("the core counts other registrations than there are");
}

/* Payloads that come piece by piece are all together not larger than half the pool, or one; and nobody
 * waits for that while there is room. */
static void expect_arrivals(const struct world *world)
{
    size_t arriving = rig_counts(&world->rig).arriving_bytes;

    if (arriving > world->arriving_max)
        model_failed("more bytes are on their way than may be");
    for (const struct actor *at = world->model.actors; at != NULL; at = at->next) {
        const struct inbox *inbox = &at->remote->seat->peer.inbox;

        if (inbox->halt == HALT_MEMORY && inbox->arriving > 0 &&
            inbox->arriving <= world->arriving_max - arriving)
            model_failed("a submission waits for others to arrive, and there is room for it");
    }
}

/* A worker that does not read what it has got is given no more. */
static void expect_full_outboxes(const struct world *world)
{
    size_t most = world->model.setup.limits.outbox_max / 2;

    for (struct actor *at = world->model.actors; at != NULL; at = at->next) {
        const struct peer *peer = &at->remote->seat->peer;
        bool full = at->remote->stuck && peer->outbox.size > most;

        if (full && at->full && peer->in_hand > at->full_hand)
            model_failed("a worker is given tasks and does not read");
        at->full = full;
        at->full_hand = peer->in_hand;
    }
}

/* What its reserve holds for a function is there, or taken by the function's own submissions. */
static void expect_reserves(const struct world *world)
{
    const struct model *model = &world->model;
    size_t least = 0, most = 0;
    size_t has = rig_counts(&world->rig).reserved;

    for (unsigned function = 0; function < FUNCTIONS; function++) {
        size_t reserve = model->rules[function].reserve;
        size_t taken = reserve > 0 ? model_reserved_at_most(model, function) : 0;

        most += reserve;
        least += taken < reserve ? reserve - taken : 0;
    }
    if (has < least || has > most)
        model_failed("a function's reserve is gone, and its tasks have not taken it");
}

/* ---- when ---- */

void check_everything(struct world *world)
{
    expect_promise(world);
    rig_check(&world->rig);
    pools_check(&world->rig.pools);
    model_check(&world->model);
    model_check_touched(&world->model, true);
    expect_reserves(world);
}

void check_step(struct world *world, bool everything)
{
    bool small = world->kind->strictness == MODEL_LEDGER;

    expect_promise(world);
    expect_peers(world);
    expect_arrivals(world);
    expect_full_outboxes(world);
    if (world->kind->strictness == MODEL_EXACT)
        expect_counts(world);
    model_check_touched(&world->model, false);
    if (world->step % TIDY_EVERY == 0)
        model_tidy(&world->model);
    if (everything || world->step % EVERYTHING_EVERY == 0)
        check_everything(world);
    else if (small && world->step % CHECK_EVERY == 0)
        rig_check(&world->rig);
}
