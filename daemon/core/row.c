#include "row.h"

#include <string.h>

#include "decimal.h"
#include "figure.h"
#include "rights.h"
#include "router_state.h"
#include "worker.h"

static void add_name(struct row_text *text, const struct function *function)
{
    row_put_foreign(text, function->name, function->name_size);
}

/* ---- functions ---- */

static size_t count_functions(const struct router *router)
{
    return router->functions.table.count;
}

/* FUNCTION TAB TOTAL TAB RUNNING TAB WORKERS */
static void add_status(const struct peer *peer, size_t index, struct row_text *text)
{
    const struct function *function = function_at(&peer->router->functions, index);

    if (!function || !peer_may_to(peer, RIGHT_OBSERVE, function))
        return;
    add_name(text, function);
    row_put_column(text, function_total(function));
    row_put_column(text, function_running(function));
    row_put_column(text, function->able_count);
    row_put(text, "\n");
}

/* FUNCTION TAB HIGH TAB NORMAL TAB LOW TAB WORKERS. A task for later has normal priority: no packet
 * submits it with another. */
static void add_priorities(const struct peer *peer, size_t index, struct row_text *text)
{
    const struct function *function = function_at(&peer->router->functions, index);

    if (!function || !peer_may_to(peer, RIGHT_OBSERVE, function))
        return;
    add_name(text, function);
    row_put_column(text, function->queued_of[PRIORITY_HIGH]);
    row_put_column(text, function->queued_of[PRIORITY_NORMAL] + function->tasks[TASK_DELAYED]);
    row_put_column(text, function->queued_of[PRIORITY_LOW]);
    row_put_column(text, function->able_count);
    row_put(text, "\n");
}

/* ---- figures of functions, below a head ---- */

static size_t count_functions_and_head(const struct router *router)
{
    return 1 + count_functions(router);
}

/* Since the task that has waited longest was queued; 0: none waits. */
static uint64_t oldest_us(const struct router *router, const struct function *function)
{
    uint64_t queued_us;

    return function_oldest_us(function, &queued_us) ? router->now.mono_us - queued_us : 0;
}

static const char now_head[] =
    "function\tqueued\tdelayed\trunning\tbytes\toldest_us\tworkers\tworkers_free\tpaused\tdraining";

static void add_now(struct row_text *text, const struct router *router,
                    const struct function *function)
{
    row_put_encoded(text, (struct gm_slice){function->name, function->name_size});
    row_put_column(text, function->tasks[TASK_QUEUED]);
    row_put_column(text, function->tasks[TASK_DELAYED]);
    row_put_column(text, function_running(function));
    row_put_column(text, function->bytes);
    row_put_column(text, oldest_us(router, function));
    row_put_column(text, function->able_count);
    row_put_column(text, function_free_workers(function));
    row_put_column(text, function->paused);
    row_put_column(text, function->draining);
    text->looked_at += function->able_count;
}

#define COUNTED(member)                                        \
    {                                                          \
        "\t" #member, offsetof(struct function_counts, member) \
    }

static const struct {
    const char *head;
    size_t offset;
} counted[] = {
    COUNTED(submitted), COUNTED(coalesced), COUNTED(completed),
    COUNTED(failed),    COUNTED(given_up),  COUNTED(cancelled),
    COUNTED(abandoned), COUNTED(retried),   COUNTED(timed_out),
};

enum { COUNTED_COLUMNS = sizeof counted / sizeof *counted };

static void add_counts(struct row_text *text, const struct function_counts *counts)
{
    for (size_t i = 0; i < COUNTED_COLUMNS; i++) {
        uint64_t count;

        memcpy(&count, (const uint8_t *)counts + counted[i].offset, sizeof count);
        row_put_column(text, count);
    }
    for (size_t i = 0; i < REFUSAL_LIMITS; i++)
        row_put_column(text, counts->refused[i]);
}

static void add_counts_head(struct row_text *text)
{
    for (size_t i = 0; i < COUNTED_COLUMNS; i++)
        row_put(text, counted[i].head);
    for (int i = 0; i < REFUSAL_LIMITS; i++) {
        row_put(text, "\trefused_");
        row_put(text, refusal_name((enum refusal_limit)i));
    }
}

static void add_function(const struct peer *peer, size_t index, struct row_text *text)
{
    const struct router *router = peer->router;
    const struct function *function;

    if (index == 0) {
        row_put(text, now_head);
        add_counts_head(text);
        row_put(text, "\n");
        return;
    }
    function = function_at(&router->functions, index - 1);
    if (!function || !peer_may_to(peer, RIGHT_OBSERVE, function))
        return;
    add_now(text, router, function);
    add_counts(text, &function->counts);
    row_put(text, "\n");
}

/* ---- histograms of functions, below a head ---- */

static const struct {
    const char *name;
    size_t offset;
} measured[] = {
    {"waiting", offsetof(struct function, wait_times)},
    {"running", offsetof(struct function, run_times)},
    {"size", offsetof(struct function, sizes)},
};

enum { MEASURED = sizeof measured / sizeof *measured };

static size_t count_histograms(const struct router *router)
{
    return 1 + MEASURED * count_functions(router);
}

/* MOST:TASKS, and a blank between; empty buckets are left out. */
static void add_buckets(struct row_text *text, const struct histogram *histogram)
{
    const char *ahead = "\t";

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (histogram->counts[i] == 0)
            continue;
        row_put(text, ahead);
        if (i < HISTOGRAM_BOUNDED)
            row_put_number(text, histogram_bound(i));
        else
            row_put(text, "inf");
        row_put(text, ":");
        row_put_number(text, histogram->counts[i]);
        ahead = " ";
    }
    if (*ahead == '\t')
        row_put(text, ahead);
}

static void add_histogram(const struct peer *peer, size_t index, struct row_text *text)
{
    const struct function *function;
    const struct histogram *histogram;
    size_t which = (index - (index > 0)) % MEASURED;

    if (index == 0) {
        row_put(text, "function\thistogram\tsum\tbuckets\n");
        return;
    }
    function = function_at(&peer->router->functions, (index - 1) / MEASURED);
    if (!function || !peer_may_to(peer, RIGHT_OBSERVE, function))
        return;
    row_put_encoded(text, (struct gm_slice){function->name, function->name_size});
    histogram = (const void *)((const uint8_t *)function + measured[which].offset);
    row_put(text, "\t");
    row_put(text, measured[which].name);
    row_put_column(text, histogram->sum);
    add_buckets(text, histogram);
    row_put(text, "\n");
}

size_t row_function_max(size_t name_max)
{
    enum { FRAME = 64, BUCKET = sizeof "4294967296:" + DECIMAL_MAX };

    return 3 * name_max + FRAME + (size_t)HISTOGRAM_BUCKETS * BUCKET;
}

/* ---- connections ---- */

static size_t count_peers(const struct router *router)
{
    return router->peers.count;
}

/* FD ADDRESS ID : F1 F2 */
static void add_peer(const struct peer *peer, size_t index, struct row_text *text)
{
    const struct peer_slot *slot = table_at(&peer->router->peers, index);
    const struct registration *registration;

    if (!slot->peer)
        return;
    row_put_number(text, (uint64_t)slot->peer->number);
    row_put(text, " ");
    row_put(text, slot->peer->address);
    row_put(text, " ");
    row_put(text, slot->peer->id);
    row_put(text, " :");
    TAILQ_FOREACH (registration, &slot->peer->registrations, in_peer) {
        if (!peer_may_to(peer, RIGHT_OBSERVE, registration->function))
            continue;
        row_put(text, " ");
        add_name(text, registration->function);
    }
    row_put(text, "\n");
}

/* ---- tasks ---- */

static size_t count_tasks(const struct router *router)
{
    return router->slots.top;
}

/* Its client knows the task, and has not been told its end. One that was cancelled in its worker's hand
 * is shown as long as the worker has it. */
static bool is_shown(const struct peer *peer, const struct task *task)
{
    switch ((enum task_state)task->state) {
    case TASK_DELAYED:
    case TASK_QUEUED:
    case TASK_ASSIGNED:
    case TASK_CANCELLED:
        return peer_may_to(peer, RIGHT_OBSERVE, task->function);
    case TASK_FREE:
    case TASK_ARRIVING:
    case TASK_TOLD:
    case TASK_STATES:
        break;
    }
    return false;
}

/* Nobody is told what becomes of it. */
static bool is_ignored(const struct task *task)
{
    return task->state == TASK_CANCELLED || (!task->background && !task->waiters);
}

/* HANDLE TAB RETRIES TAB IGNORED TAB BACKGROUND */
static void add_task(const struct peer *peer, size_t index, struct row_text *text)
{
    const struct slots *slots = &peer->router->slots;
    const struct task *task = slot_at(slots, index);
    uint8_t handle[GM_HANDLE_MAX];

    if (!task || !is_shown(peer, task))
        return;
    row_put_bytes(text, handle, handle_format(slots, task_handle(peer->router, task), handle));
    row_put_column(text, task->lost);
    row_put_column(text, is_ignored(task));
    row_put_column(text, task->background);
    row_put(text, "\n");
}

/* UNIQUE ID. One that is a full stop would end the listing. */
static void add_unique(const struct peer *peer, size_t index, struct row_text *text)
{
    const struct task *task = slot_at(&peer->router->slots, index);

    if (!task || !is_shown(peer, task))
        return;
    if (task->unique_size == 1 && task->unique[0] == '.')
        row_put(text, "?");
    else
        row_put_foreign(text, task->unique, task->unique_size);
    row_put(text, "\n");
}

/* ---- what waits for a function, below a head ---- */

static size_t count_peeked(const struct router *router)
{
    (void)router;
    return 1 + LISTING_PEEK_MAX;
}

/* The task that is the `index`th to be given to a worker, from 0; NULL if there are fewer. */
static const struct task *queued_at(const struct function *function, size_t index)
{
    for (int priority = 0; priority < TASK_PRIORITIES; priority++) {
        const struct task *task;

        if (index >= function->queued_of[priority]) {
            index -= function->queued_of[priority];
            continue;
        }
        TAILQ_FOREACH (task, &function->queues[priority], place)
            if (index-- == 0)
                return task;
    }
    return NULL;
}

static const char *const priority_words[TASK_PRIORITIES] = {
    [PRIORITY_HIGH] = "high", [PRIORITY_NORMAL] = "normal", [PRIORITY_LOW] = "low"};

/* HANDLE TAB UNIQUE TAB PRIORITY TAB BYTES TAB WAITED_US TAB CLIENTS TAB LOST. Who may not look at the
 * function any more sees no more of it, whatever has become of it. */
static void add_peeked(const struct peer *peer, size_t index, struct row_text *text)
{
    const struct router *router = peer->router;
    const struct function *function = peer->listing.of;
    const struct task *task;
    uint8_t handle[GM_HANDLE_MAX];

    if (index == 0) {
        row_put(text, "handle\tunique\tpriority\tbytes\twaited_us\tclients\tlost\n");
        return;
    }
    if (index > peer->listing.most || !function->used ||
        !peer_may_to(peer, RIGHT_OBSERVE, function))
        return;
    text->looked_at += index;
    task = queued_at(function, index - 1);
    if (!task)
        return;
    row_put_bytes(text, handle, handle_format(&router->slots, task_handle(router, task), handle));
    row_put(text, "\t");
    row_put_encoded(text, (struct gm_slice){task->unique, task->unique_size});
    row_put(text, "\t");
    row_put(text, priority_words[task->priority]);
    row_put_column(text, task->payload_size);
    row_put_column(text, router->now.mono_us - task->queued_us);
    row_put_column(text, task->waiter_count);
    row_put_column(text, task->lost);
    row_put(text, "\n");
}

/* ---- pools ---- */

static size_t count_classes(const struct router *router)
{
    (void)router;
    return (size_t)ROUTER_POOLS * PMAD_CLASSES_MAX;
}

/* POOL TAB CLASS TAB BLOCKS TAB USED TAB HIGH-WATER TAB REFUSED */
static void add_class(const struct peer *peer, size_t index, struct row_text *text)
{
    static const char *const names[ROUTER_POOLS] = {"tasks", "wire", "workers", "runtime"};
    size_t pool = index / PMAD_CLASSES_MAX;
    struct pmad_stats stats;
    const struct pmad_class_stats *class;

    pmad_stats(peer->router->pools[pool], &stats);
    if (index % PMAD_CLASSES_MAX >= stats.class_count)
        return;
    class = &stats.classes[index % PMAD_CLASSES_MAX];
    row_put(text, names[pool]);
    row_put_column(text, class->block_size);
    row_put_column(text, class->blocks);
    row_put_column(text, class->in_use);
    row_put_column(text, class->high_water);
    row_put_column(text, class->refused);
    row_put(text, "\n");
}

/* ---- numbers ---- */

/* NAME TAB VALUE */
static void add_figure(const struct peer *peer, size_t index, struct row_text *text)
{
    struct figure figure = figure_at(peer->router, index);

    row_put(text, figure.group);
    row_put(text, figure.name);
    row_put_column(text, figure.value);
    row_put(text, "\n");
}

/* ---- the table ---- */

struct rows {
    size_t (*count)(const struct router *router);
    void (*add)(const struct peer *peer, size_t index, struct row_text *text);
};

static const struct rows rows_of[] = {
    [LISTING_STATUS] = {count_functions, add_status},
    [LISTING_PRIORITIES] = {count_functions, add_priorities},
    [LISTING_WORKERS] = {count_peers, add_peer},
    [LISTING_JOBS] = {count_tasks, add_task},
    [LISTING_UNIQUES] = {count_tasks, add_unique},
    [LISTING_POOLS] = {count_classes, add_class},
    [LISTING_STATS] = {figure_count, add_figure},
    [LISTING_FUNCTIONS] = {count_functions_and_head, add_function},
    [LISTING_HISTOGRAMS] = {count_histograms, add_histogram},
    [LISTING_PEEK] = {count_peeked, add_peeked},
};

size_t row_count(const struct router *router, enum listing_kind kind)
{
    return rows_of[kind].count(router);
}

void row_add(const struct peer *peer, enum listing_kind kind, size_t index, struct row_text *text)
{
    rows_of[kind].add(peer, index, text);
}

void row_add_end(struct row_text *text)
{
    row_put(text, ".\n");
}
