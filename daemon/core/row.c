#include "row.h"

#include <string.h>

#include "decimal.h"
#include "figure.h"
#include "rights.h"
#include "router_state.h"
#include "worker.h"

/* ---- text ---- */

static void add_bytes(struct row_text *text, const void *bytes, size_t size)
{
    if (text->writes && size > 0)
        body_write(&text->cursor, bytes, size);
    text->size += size;
}

static void add(struct row_text *text, const char *string)
{
    add_bytes(text, string, strlen(string));
}

static void add_number(struct row_text *text, uint64_t number)
{
    uint8_t digits[DECIMAL_MAX];

    add_bytes(text, digits, decimal_write(digits, number));
}

/* A TAB, and the number that is the next column. */
static void add_column(struct row_text *text, uint64_t number)
{
    add(text, "\t");
    add_number(text, number);
}

static bool ends_a_line(uint8_t byte)
{
    return byte == '\n' || byte == '\r';
}

/* What somebody sent us. */
static void add_foreign(struct row_text *text, const uint8_t *bytes, size_t size)
{
    size_t from = 0;

    for (size_t i = 0; i < size; i++) {
        if (!ends_a_line(bytes[i]))
            continue;
        add_bytes(text, bytes + from, i - from);
        add(text, "?");
        from = i + 1;
    }
    add_bytes(text, bytes + from, size - from);
}

static void add_name(struct row_text *text, const struct function *function)
{
    add_foreign(text, function->name, function->name_size);
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
    add_column(text, function_total(function));
    add_column(text, function_running(function));
    add_column(text, function->able_count);
    add(text, "\n");
}

/* FUNCTION TAB HIGH TAB NORMAL TAB LOW TAB WORKERS. A task for later has normal priority: no packet
 * submits it with another. */
static void add_priorities(const struct peer *peer, size_t index, struct row_text *text)
{
    const struct function *function = function_at(&peer->router->functions, index);

    if (!function || !peer_may_to(peer, RIGHT_OBSERVE, function))
        return;
    add_name(text, function);
    add_column(text, function->queued_of[PRIORITY_HIGH]);
    add_column(text, function->queued_of[PRIORITY_NORMAL] + function->tasks[TASK_DELAYED]);
    add_column(text, function->queued_of[PRIORITY_LOW]);
    add_column(text, function->able_count);
    add(text, "\n");
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
    add_number(text, (uint64_t)slot->peer->number);
    add(text, " ");
    add(text, slot->peer->address);
    add(text, " ");
    add(text, slot->peer->id);
    add(text, " :");
    TAILQ_FOREACH (registration, &slot->peer->registrations, in_peer) {
        if (!peer_may_to(peer, RIGHT_OBSERVE, registration->function))
            continue;
        add(text, " ");
        add_name(text, registration->function);
    }
    add(text, "\n");
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
    add_bytes(text, handle, handle_format(slots, task_handle(peer->router, task), handle));
    add_column(text, task->lost);
    add_column(text, is_ignored(task));
    add_column(text, task->background);
    add(text, "\n");
}

/* UNIQUE ID. One that is a full stop would end the listing. */
static void add_unique(const struct peer *peer, size_t index, struct row_text *text)
{
    const struct task *task = slot_at(&peer->router->slots, index);

    if (!task || !is_shown(peer, task))
        return;
    if (task->unique_size == 1 && task->unique[0] == '.')
        add(text, "?");
    else
        add_foreign(text, task->unique, task->unique_size);
    add(text, "\n");
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
    add(text, names[pool]);
    add_column(text, class->block_size);
    add_column(text, class->blocks);
    add_column(text, class->in_use);
    add_column(text, class->high_water);
    add_column(text, class->refused);
    add(text, "\n");
}

/* ---- numbers ---- */

/* NAME TAB VALUE */
static void add_figure(const struct peer *peer, size_t index, struct row_text *text)
{
    struct figure figure = figure_at(peer->router, index);

    add(text, figure.group);
    add(text, figure.name);
    add_column(text, figure.value);
    add(text, "\n");
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
    add(text, ".\n");
}
