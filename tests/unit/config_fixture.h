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
           strcmp(a->node, b->node) == 0 && strcmp(a->handle_prefix, b->handle_prefix) == 0 &&
           a->round_robin == b->round_robin && a->worker_wakeup == b->worker_wakeup &&
           a->exceptions == b->exceptions && a->shutdown_grace_us == b->shutdown_grace_us;
}

static inline bool same_function(const struct config_function *a, const struct config_function *b)
{
    return a->timeout_us == b->timeout_us && a->retries == b->retries &&
           a->max_queue == b->max_queue;
}

static inline bool same_access(const struct config_access *a, const struct config_access *b)
{
    return a->submit == b->submit && a->work == b->work && a->observe == b->observe &&
           a->admin == b->admin;
}

static inline bool same_limits(const struct config_limits *a, const struct config_limits *b)
{
    return a->connections == b->connections && a->tasks == b->tasks &&
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
           same_function(&a->every_function, &b->every_function) &&
           same_access(&a->access, &b->access);
}

#endif
