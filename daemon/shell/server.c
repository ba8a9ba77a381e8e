#include "server.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "notify.h"
#include "router_start.h"
#include "server_listen.h"
#include "server_reload.h"
#include "text.h"
#include "uv_memory.h"

enum { NS_PER_US = 1000, US_PER_S = 1000000 };

const char *server_version(void)
{
    return PMADD_VERSION;
}

/* ---- a turn ---- */

static struct router_now time_now(void)
{
    struct timespec wall = {0};

    (void)clock_gettime(CLOCK_REALTIME, &wall);
    return (struct router_now){
        .mono_us = uv_hrtime() / NS_PER_US,
        .wall_us = (int64_t)wall.tv_sec * US_PER_S + wall.tv_nsec / NS_PER_US,
    };
}

void server_turn_begin(struct server *server)
{
    if (server->in_turn)
        return;
    server->in_turn = true;
    server->now = time_now();
    router_tick(server->router, server->now);
}

static void queue_expire(struct conn_queue *queue, uint64_t now_us)
{
    struct conn *conn;

    while ((conn = TAILQ_FIRST(&queue->list)) != NULL && conn->until_us <= now_us)
        conn_end(conn);
}

/* Until nobody has anything to say: what one connection is told, or its end, may give the next one
 * something. */
static void server_flush(struct server *server)
{
    for (;;) {
        struct peer *peer = router_next_output(server->router);
        struct conn *conn = TAILQ_FIRST(&server->touched);

        if (peer != NULL)
            conn_write(conn_of(peer));
        else if (router_settle(server->router) || server_reload_if_asked(server))
            continue;
        else if (conn != NULL)
            conn_settle(conn);
        else
            return;
    }
}

static void server_end(struct server *server, const char *why)
{
    bool is_kept = spool_keep(&server->spool, server->router);
    size_t left = router_abandon(server->router);

    server_flush(server);
    server->phase = SERVER_ENDS;
    uv_stop(&server->loop.uv);
    if (left > 0 && is_kept)
        log_event(LOG_ENDED, "%s; background tasks are in the spool; spooled=%zu", why, left);
    else if (left > 0)
        log_event(LOG_ENDED_WITH_LOSS, "%s; background tasks are lost; lost=%zu", why, left);
    else
        log_event(LOG_ENDED, "%s", why);
}

static void server_drain_on(struct server *server)
{
    if (server->phase != SERVER_DRAINS)
        return;
    if (router_is_empty(server->router) && server->stuck_count == 0)
        server_end(server, "all tasks are done");
    else if (server->now.mono_us >= server->drain_until_us)
        server_end(server, "shutdown_grace is over");
}

static void server_resume_accept(struct server *server)
{
    if (!server->accept_paused || server->now.mono_us < server->accept_retry_us)
        return;
    server->accept_retry_us = 0;
    if (!server_has_room(server))
        return;
    if (server->spare_fd < 0)
        server->spare_fd = process_spare_descriptor();
    server->accept_paused = false;
    for (size_t i = 0; i < server->listener_count; i++) {
        if (listener_resume(&server->listeners[i]) < 0)
            server_pause_accept(server, server->now.mono_us + ACCEPT_RETRY_US);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t queue_deadline(const struct conn_queue *queue)
{
    const struct conn *first = TAILQ_FIRST(&queue->list);

    return first == NULL ? UINT64_MAX : first->until_us;
}

static uint64_t server_deadline(struct server *server)
{
    uint64_t next = router_deadline(server->router);

    next = earlier(next, queue_deadline(&server->ending));
    next = earlier(next, queue_deadline(&server->lingering));
    next = earlier(next, status_deadline(&server->status));
    next = earlier(next, watchdog_deadline(&server->watchdog));
    next = earlier(next, stuck_deadline(&server->stuck, server->router));
    if (server->accept_retry_us > 0)
        next = earlier(next, server->accept_retry_us);
    if (server->phase == SERVER_DRAINS)
        next = earlier(next, server->drain_until_us);
    return next;
}

void server_turn_end(struct server *server)
{
    if (!server->in_turn)
        return;
    queue_expire(&server->ending, server->now.mono_us);
    queue_expire(&server->lingering, server->now.mono_us);
    server_flush(server);
    server_resume_accept(server);
    server_drain_on(server);
    status_refresh(&server->status, server->router, server->now.mono_us);
    watchdog_tell(&server->watchdog, server->router, server->now.mono_us);
    stuck_look(&server->stuck, server->router, server->now.mono_us);
    loop_wake_at(&server->loop, server->now.mono_us, server_deadline(server));
    spin_on(&server->loop.spin, server->now.mono_us);
    gauges_turn(&server->gauges, uv_hrtime() / NS_PER_US - server->now.mono_us);
    server->in_turn = false;
}

/* ---- connections ---- */

bool server_has_room(const struct server *server)
{
    return server->gauges.value[GAUGE_CONNECTIONS_OPEN] < server->conn_max &&
           router_has_room(server->router, RIGHT_ALL);
}

void server_pause_accept(struct server *server, uint64_t retry_us)
{
    server->accept_paused = true;
    server->accept_retry_us = retry_us;
    server->gauges.value[GAUGE_ACCEPT_PAUSES]++;
    for (size_t i = 0; i < server->listener_count; i++)
        listener_pause(&server->listeners[i]);
}

void server_conn_gone(struct server *server)
{
    server->gauges.value[GAUGE_CONNECTIONS_OPEN]--;
    if (server->accept_paused)
        server_turn_begin(server);
}

void server_asked_to_reload(struct server *server)
{
    server->reload_asked = true;
}

/* ---- the end ---- */

void server_asked_to_end(struct server *server, const char *signal_name)
{
    struct router_counts counts;

    if (server->phase == SERVER_ENDS)
        return;
    if (server->phase == SERVER_DRAINS) {
        server_end(server, signal_name);
        return;
    }
    server->phase = SERVER_DRAINS;
    server->drain_until_us = server->now.mono_us + server->grace_us;
    router_drain(server->router);
    router_counts(server->router, &counts);
    log_event(LOG_DRAINING, "a second signal ends at once; signal=%s unfinished=%zu", signal_name,
              counts.tasks);
    notify_stopping("draining");
    if (server->passed_on)
        server_pause_accept(server, UINT64_MAX);
}

/* ---- from nothing to ready ---- */

static void announce(struct server *server, const struct budget *budget)
{
    char bytes[512];
    struct text text = text_in(bytes, sizeof bytes);

    for (size_t i = 0; i < server->listener_count; i++)
        text_put(&text, "%s%s", i > 0 ? ", " : "", server->listeners[i].endpoint.name);
    log_event(LOG_READY,
              "answers at %s; version=" PMADD_VERSION " pools=%zuMiB connections=%zu tasks=%zu "
              "payload_max=%zu",
              bytes, (budget->resident >> 20) + 1, budget->limits.connections, budget->limits.tasks,
              budget->limits.payload_max);
    log_started();
    process_is_ready();
    status_ready(&server->status, server->router);
}

static void lists_init(struct server *server)
{
    TAILQ_INIT(&server->conns);
    TAILQ_INIT(&server->touched);
    TAILQ_INIT(&server->ending.list);
    server->ending.stay_us = CONN_ENDING_US;
    TAILQ_INIT(&server->lingering.list);
    server->lingering.stay_us = CONN_LINGER_US;
}

/* The numbers that stay what they are, or are 0 as yet. */
static void gauges_begin(struct server *server, const struct config *config,
                         const struct budget *budget)
{
    gauges_init(&server->gauges);
    server->gauges.value[GAUGE_LIMIT_PER_USER] = config->limits.connections_per_user;
    server->gauges.value[GAUGE_LIMIT_DESCRIPTORS] = budget->descriptors;
    server->gauges.value[GAUGE_POOL_BYTES] = budget->resident;
}

static int tables_make(struct server *server, const struct config *config,
                       const struct budget *budget)
{
    struct pmad *runtime = server->pools.of[POOL_RUNTIME];
    int err;

    if (!users_init(&server->users, runtime, budget->limits.connections)) {
        log_event(LOG_POOL_TOO_SMALL, "the table of users: no block in the pool runtime; run pmadd "
                                      "--check-config");
        return UV_ENOMEM;
    }
    err = router_start(server, config);
    if (err < 0)
        users_finish(&server->users, runtime);
    return err;
}

static void tables_finish(struct server *server)
{
    router_finish(server->router);
    users_finish(&server->users, server->pools.of[POOL_RUNTIME]);
}

/* What can be said before anything is asked of the system. */
static void members_init(struct server *server, const struct config *config,
                         const struct budget *budget, const struct access *access,
                         struct reload *reload)
{
    *server = (struct server){.phase = SERVER_RUNS,
                              .grace_us = config->server.shutdown_grace_us,
                              .access = access,
                              .reload = reload,
                              .conn_max = budget->limits.connections};
    lists_init(server);
    gauges_begin(server, config, budget);
    status_init(&server->status, &server->pools);
    watchdog_init(&server->watchdog);
    stuck_init(&server->stuck, budget->limits.functions);
}

int server_init(struct server *server, const struct config *config, const struct budget *budget,
                const struct access *access, struct reload *reload)
{
    int err;

    members_init(server, config, budget, access, reload);
    process_ignore_sigpipe();
    process_explain_abort();
    err = process_find_user(&server->user, config->server.user);
    if (err < 0)
        return err;
    err = process_allow_descriptors(budget->descriptors);
    if (err < 0)
        return err;
    err = daemon_pools_map(&server->pools, budget);
    if (err < 0)
        return err;
    err = uv_memory_use(server->pools.of[POOL_RUNTIME]);
    if (err == 0)
        err = loop_init(&server->loop, server, budget->descriptors, config->server.busy_poll_us);
    if (err < 0) {
        log_event(LOG_LOOP_FAILED, "the event loop: %s", strerror(-err));
        goto unmap_pools;
    }
    err = tables_make(server, config, budget);
    if (err < 0)
        goto finish_loop;
    err = server_listen(server, config);
    if (err < 0)
        goto finish_tables;
    err = pid_file_write(&server->pid_file, config->server.pid_file, &server->user);
    if (err < 0)
        goto close_listeners;
    err = process_become(&server->user);
    if (err < 0)
        goto remove_pid_file;
    err = spool_open(&server->spool, config->server.spool);
    if (err < 0)
        goto remove_pid_file;
    /* The turn that begins here ends as the first one of the loop. */
    server_turn_begin(server);
    err = spool_restore(&server->spool, server->router);
    if (err < 0)
        goto close_spool;
    server->spare_fd = process_spare_descriptor();
    announce(server, budget);
    return 0;

close_spool:
    spool_close(&server->spool);
remove_pid_file:
    pid_file_remove(&server->pid_file);
close_listeners:
    server_unlisten(server);
finish_tables:
    tables_finish(server);
finish_loop:
    loop_finish(&server->loop);
unmap_pools:
    uv_memory_forget();
    daemon_pools_unmap(&server->pools);
    return err;
}

void server_run(struct server *server)
{
    (void)uv_run(&server->loop.uv, UV_RUN_DEFAULT);
}

bool server_finish(struct server *server)
{
    struct conn *conn;
    bool sound;

    pid_file_remove(&server->pid_file);
    server_unlisten(server);
    while ((conn = TAILQ_FIRST(&server->conns)) != NULL)
        conn_end(conn);
    loop_finish(&server->loop);
    tables_finish(server);
    if (server->spare_fd >= 0)
        close(server->spare_fd);
    sound = daemon_pools_are_sound(&server->pools) && !server->spool.failed;
    spool_close(&server->spool);
    uv_memory_forget();
    daemon_pools_unmap(&server->pools);
    return sound;
}
