#ifndef CONFIG_FIXTURE_H
#define CONFIG_FIXTURE_H

/* What the tests and the fuzzer of config share. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "config.h"

static inline bool same_layout(const struct pmad_layout *a, const struct pmad_layout *b)
{
    if (a->pool_size != b->pool_size || a->class_count != b->class_count ||
        a->prefault != b->prefault || a->lock != b->lock || a->huge_pages != b->huge_pages ||
        a->explicit_huge_pages != b->explicit_huge_pages)
        return false;
    for (size_t i = 0; i < a->class_count; i++) {
        if (a->classes[i].block_size != b->classes[i].block_size ||
            a->classes[i].share != b->classes[i].share)
            return false;
    }
    return true;
}

static inline bool same_server(const struct config_server *a, const struct config_server *b)
{
    if (a->listen_count != b->listen_count)
        return false;
    for (size_t i = 0; i < a->listen_count; i++) {
        if (strcmp(a->listen[i], b->listen[i]) != 0)
            return false;
    }
    return strcmp(a->socket, b->socket) == 0 && a->socket_mode == b->socket_mode &&
           strcmp(a->socket_group, b->socket_group) == 0 && a->backlog == b->backlog &&
           strcmp(a->user, b->user) == 0 && strcmp(a->pid_file, b->pid_file) == 0 &&
           strcmp(a->log_file, b->log_file) == 0 && a->log_level == b->log_level &&
           strcmp(a->spool, b->spool) == 0 && strcmp(a->node, b->node) == 0 &&
           strcmp(a->handle_prefix, b->handle_prefix) == 0 && a->round_robin == b->round_robin &&
           a->worker_wakeup == b->worker_wakeup && a->exceptions == b->exceptions &&
           a->shutdown_grace_us == b->shutdown_grace_us && a->busy_poll_us == b->busy_poll_us;
}

static inline bool same_function(const struct config_function *a, const struct config_function *b)
{
    return strcmp(a->label, b->label) == 0 && strcmp(a->match, b->match) == 0 &&
           a->timeout_us == b->timeout_us && a->retries == b->retries &&
           a->retry_on_fail == b->retry_on_fail && a->max_queue == b->max_queue &&
           a->max_bytes == b->max_bytes && a->reserve == b->reserve &&
           a->reserve_size == b->reserve_size && a->warn_wait_us == b->warn_wait_us;
}

static inline bool same_functions(const struct config *a, const struct config *b)
{
    if (a->function_count != b->function_count)
        return false;
    for (size_t i = 0; i < a->function_count; i++) {
        if (!same_function(&a->functions[i], &b->functions[i]))
            return false;
    }
    return same_function(&a->every_function, &b->every_function);
}

static inline bool same_grant(const struct config_grant *a, const struct config_grant *b)
{
    return a->who == b->who && strcmp(a->name, b->name) == 0 &&
           strcmp(a->functions, b->functions) == 0;
}

static inline bool same_access(const struct config_access *a, const struct config_access *b)
{
    for (size_t right = 0; right < CONFIG_RIGHTS; right++) {
        if (a->counts[right] != b->counts[right])
            return false;
        for (size_t i = 0; i < a->counts[right]; i++) {
            if (!same_grant(&a->grants[right][i], &b->grants[right][i]))
                return false;
        }
    }
    return true;
}

static inline bool same_limits(const struct config_limits *a, const struct config_limits *b)
{
    return a->connections == b->connections && a->connections_reserved == b->connections_reserved &&
           a->connections_per_user == b->connections_per_user && a->tasks == b->tasks &&
           a->functions == b->functions && a->function_name_max == b->function_name_max &&
           a->payload_max == b->payload_max && a->text_line_max == b->text_line_max &&
           a->submissions_per_connection == b->submissions_per_connection &&
           a->waiters_per_task == b->waiters_per_task &&
           a->registrations_per_worker == b->registrations_per_worker &&
           a->outbox_max == b->outbox_max && a->slow_peer_grace_us == b->slow_peer_grace_us &&
           a->frame_timeout_us == b->frame_timeout_us && a->idle_timeout_us == b->idle_timeout_us;
}

/* True if two configs ask for the same, whether by a file or by default. */
static inline bool same_config(const struct config *a, const struct config *b)
{
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        if (!same_layout(&a->pools[i].layout, &b->pools[i].layout))
            return false;
    }
    return same_server(&a->server, &b->server) && same_limits(&a->limits, &b->limits) &&
           same_functions(a, b) && same_access(&a->access, &b->access);
}

#endif
