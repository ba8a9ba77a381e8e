#include "reload.h"

#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "deadline.h"
#include "outbox.h"
#include "pmad_must.h"
#include "rights.h"
#include "router_state.h"

/* ---- what stays ---- */

/* Limits that tables and lanes were made for. */
static bool keeps_tables(const struct router_limits *old, const struct router_limits *wanted)
{
    return wanted->connections == old->connections && wanted->tasks == old->tasks &&
           wanted->functions == old->functions &&
           wanted->function_name_max == old->function_name_max &&
           wanted->payload_max == old->payload_max &&
           wanted->waiters_per_task == old->waiters_per_task &&
           wanted->registrations_per_worker == old->registrations_per_worker;
}

static size_t count_reserves(const struct router_function_row *rows, size_t count)
{
    size_t reserves = 0;

    for (size_t i = 0; i < count; i++)
        reserves += rows[i].rule.reserve > 0;
    return reserves;
}

/* Kits have been put together for this function: does it keep them? */
static bool keeps_reserve(const struct function *function, const struct router_setup *setup)
{
    const struct router_function_row *row =
        row_find(setup->functions, setup->function_count,
                 (struct gm_slice){function->name, function->name_size});

    return row && row->rule.reserve == function->rule->reserve &&
           row->rule.reserve_size == function->rule->reserve_size;
}

/* All that have a reserve keep it, and there are no more. */
static bool keeps_reserves(const struct router *router, const struct router_setup *setup)
{
    const struct rules *rules = router->rules;

    for (size_t i = 0; i < router->functions.table.count; i++) {
        const struct function *function = function_at(&router->functions, i);

        if (function && function->rule->reserve > 0 && !keeps_reserve(function, setup))
            return false;
    }
    return count_reserves(setup->functions, setup->function_count) ==
           count_reserves(rules->rows, rules->row_count);
}

/* ---- what changes ---- */

static void refresh_functions(struct router *router)
{
    for (size_t i = 0; i < router->functions.table.count; i++) {
        struct function *function = function_at(&router->functions, i);
        struct gm_slice name;

        if (!function)
            continue;
        name = (struct gm_slice){function->name, function->name_size};
        function->rule = rules_find(router->rules, name);
        function->patterns = rules_patterns(router->rules, name);
        for (int priority = 0; priority < TASK_PRIORITIES && !function->is_told; priority++)
            function->max_queue[priority] = function->rule->max_queue;
    }
}

static void refresh_peers(struct router *router)
{
    for (size_t i = 0; i < router->peers.count; i++) {
        const struct peer_slot *slot = table_at(&router->peers, i);

        if (slot->peer)
            outbox_judge(slot->peer);
    }
}

bool router_change(struct router *router, const struct router_setup *setup)
{
    if (!keeps_tables(&router->limits, &setup->limits) || !keeps_reserves(router, setup) ||
        setup->limits.connections_reserved >= setup->limits.connections)
        return false;
    router->limits = setup->limits;
    rules_init(router->rules, setup);
    (void)snprintf(router->about.verbosity, sizeof router->about.verbosity, "%s", setup->verbosity);
    refresh_functions(router);
    refresh_peers(router);
    return true;
}

/* ---- rights ---- */

static bool may_anything(const struct peer *peer)
{
    for (unsigned right = RIGHT_SUBMIT; right & RIGHT_ALL; right <<= 1)
        if (peer_may(peer, (enum peer_right)right))
            return true;
    return false;
}

/* Is there no function it works for, or has a task of, without the right? */
static bool may_work_on(const struct peer *peer)
{
    const struct registration *registration;
    const struct grip *grip;

    TAILQ_FOREACH (registration, &peer->registrations, in_peer)
        if (!peer_may_to(peer, RIGHT_WORK, registration->function))
            return false;
    TAILQ_FOREACH (grip, &peer->hand, in_hand)
        if (!peer_may_to(peer, RIGHT_WORK, grip->task->function))
            return false;
    return true;
}

/* Where there is no room to say why, it is ended all the same. */
static void end_denied(struct peer *peer)
{
    struct gm_slice args[2];
    struct out *out;

    answer_error_args(ERROR_ACCESS_DENIED, args);
    args[1] = gm_text("The rights of this connection were taken away");
    out = wire_take_answer(peer, gm_head_size(GM_ERROR, args));
    if (out)
        answer_in(peer, out, GM_ERROR, args, (struct body){0});
    peer_end(peer);
}

void router_allow(struct peer *peer, unsigned rights, const uint64_t some[PEER_RIGHTS])
{
    peer->rights = (uint8_t)rights;
    memcpy(peer->some, some, sizeof peer->some);
    if (peer->standing == PEER_OPEN && !(may_anything(peer) && may_work_on(peer)))
        end_denied(peer);
}

/* ---- the line `reload` ---- */

bool reload_ask(struct peer *peer)
{
    struct out *out = answer_take(peer, ROUTER_RELOAD_MAX + 2);

    if (!out)
        return false;
    out->of.peer = peer;
    peer->reload = out;
    STAILQ_INSERT_TAIL(&peer->router->reloads, out, link);
    return true;
}

/* Takes the node out of the list of those that wait. */
static struct out *leave(struct peer *peer)
{
    struct out *out = peer->reload;

    STAILQ_REMOVE(&peer->router->reloads, out, out, link);
    peer->reload = NULL;
    return out;
}

void reload_forget(struct peer *peer)
{
    if (peer->reload)
        out_give(peer->router, leave(peer));
}

struct peer *router_reload_asked(const struct router *router)
{
    const struct out *first = STAILQ_FIRST(&router->reloads);

    return first ? first->of.peer : NULL;
}

static uint8_t printable(char byte)
{
    uint8_t plain = (uint8_t)byte;

    return plain < ' ' || plain == 0x7f ? '?' : plain;
}

void router_reload_answer(struct peer *peer, const char *answer)
{
    struct out *out;
    uint8_t *into;
    size_t size = 0;

    MUST(peer->reload);
    out = leave(peer);
    into = out_bytes(out);
    for (; size < ROUTER_RELOAD_MAX && answer[size]; size++)
        into[size] = printable(answer[size]);
    into[size++] = '\r';
    into[size++] = '\n';
    outbox_answer(peer, out, size, (struct body){0});
    outbox_judge(peer);
}
