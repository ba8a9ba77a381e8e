#ifndef PMAD_CLIENT_H
#define PMAD_CLIENT_H

/*
 * A small blocking client of pmadd, for programs that submit tasks and programs that do them.
 *
 *     struct pmadc *client;
 *     struct pmadc_result result;
 *
 *     if (pmadc_connect(&client, NULL, 1000) == PMADC_OK) {
 *         struct pmadc_task task = {.function = "wc", .data = text, .size = strlen(text)};
 *
 *         if (pmadc_run(client, &task, NULL, 10000, &result) == PMADC_OK)
 *             fwrite(result.data, 1, result.size, stdout);
 *         pmadc_close(client);
 *     }
 *
 * One connection is one `struct pmadc`, used by one thread at a time. Every call that waits takes a
 * timeout in milliseconds; a negative one waits for ever. Memory comes from malloc(3). The wire is
 * Gearman's (gm_frame.h), so the other end may be any Gearman server where it listens on TCP.
 * SIGPIPE is never raised by this library.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pmadc;

enum pmadc_status {
    PMADC_OK,
    PMADC_FAILED,  /* the worker said the task failed, or threw an exception */
    PMADC_REFUSED, /* the daemon answered with an error; pmadc_error() has its code and text */
    PMADC_TIMEOUT, /* not in time; the connection stays usable if pmadc_error() says nothing else */
    PMADC_NO_DAEMON, /* nobody listens at this address */
    PMADC_DENIED,    /* permission denied at this address */
    PMADC_LOST,      /* the connection ended; close it */
    PMADC_PROTOCOL,  /* the other end sent what it must not; close the connection */
    PMADC_INVALID,   /* an argument is out of its limits; nothing was sent */
    PMADC_MEMORY,    /* malloc(3) answered NULL */
    PMADC_STOPPED    /* a worker function asked to stop, see pmadc_work() */
};

enum pmadc_priority { PMADC_NORMAL, PMADC_HIGH, PMADC_LOW };

struct pmadc_task {
    const char *function; /* name, NUL-terminated, 1 to 512 bytes */
    const char *unique;   /* unique id, at most 63 bytes; NULL or "": none */
    enum pmadc_priority priority;
    const void *data; /* payload; may be NULL when size is 0 */
    size_t size;      /* its bytes, below 4 GiB */
};

/* What a task ended with. `data` belongs to the client and is valid until its next call. */
struct pmadc_result {
    char handle[64];  /* NUL-terminated */
    const void *data; /* of WORK_COMPLETE, or of WORK_EXCEPTION when the status is PMADC_FAILED */
    size_t size;
};

/* Called while a task is being waited for; members may be NULL. */
struct pmadc_events {
    void (*data)(void *arg, const void *data, size_t size);    /* WORK_DATA */
    void (*warning)(void *arg, const void *data, size_t size); /* WORK_WARNING */
    void (*status)(void *arg, uint64_t numerator, uint64_t denominator);
    void *arg;
};

/*
 * Writes the path or address that is meant by `address`: itself if it is not NULL; else the first
 * of $PMADD_SOCKET, $XDG_RUNTIME_DIR/pmadd.sock (where it exists) and, for an ordinary user without
 * that directory, /tmp/pmadd-<uid>.sock (where it exists and is his own); else
 * /run/pmadd/pmadd.sock. Returns `into`, which has `room` bytes; longer ones are cut.
 */
char *pmadc_address(char *into, size_t room, const char *address);

/*
 * Connects to a Unix socket path (anything with a `/`) or to HOST:PORT ([IPV6]:PORT), NULL as
 * pmadc_address() says. On PMADC_OK `*client` is the caller's until pmadc_close(). On any other
 * status it is a client that is only good for pmadc_error() and pmadc_close(), or NULL without
 * memory for it.
 */
enum pmadc_status pmadc_connect(struct pmadc **client, const char *address, int timeout_ms);

/* Closes the connection and frees the client. NULL is ignored. */
void pmadc_close(struct pmadc *client);

/* What the last call that did not return PMADC_OK met, as one line without a full stop, e.g.
 * "QUEUE_ERROR: Job queue is full: limit=tasks ...". Valid until the next call; never NULL. */
const char *pmadc_error(const struct pmadc *client);

/* The Gearman error code of the last PMADC_REFUSED, e.g. "QUEUE_ERROR"; "" if there was none. */
const char *pmadc_error_code(const struct pmadc *client);

/* The connection's descriptor, for poll(2); it stays the client's. */
int pmadc_fd(const struct pmadc *client);

/* Submits in the foreground and waits for the end of the task; `events` may be NULL. */
enum pmadc_status pmadc_run(struct pmadc *client, const struct pmadc_task *task,
                            const struct pmadc_events *events, int timeout_ms,
                            struct pmadc_result *result);

/* Submits in the foreground and returns when the daemon has accepted it. */
enum pmadc_status pmadc_submit(struct pmadc *client, const struct pmadc_task *task, int timeout_ms,
                               char handle[64]);

/* Waits for the next end of any task submitted with pmadc_submit(). PMADC_OK and PMADC_FAILED fill
 * `*result`; its handle says which task it was, and while an event is told which one that is about.
 * PMADC_INVALID when none is unfinished. */
enum pmadc_status pmadc_wait(struct pmadc *client, const struct pmadc_events *events,
                             int timeout_ms, struct pmadc_result *result);

/* Submits in the background: nothing will be heard of it but through pmadc_task_status(). */
enum pmadc_status pmadc_submit_background(struct pmadc *client, const struct pmadc_task *task,
                                          int timeout_ms, char handle[64]);

struct pmadc_progress {
    bool known, running;
    uint64_t numerator, denominator;
    uint64_t clients; /* who wait for it; only pmadc_unique_status() is told */
};

/* Asks how a task is doing (GET_STATUS). */
enum pmadc_status pmadc_task_status(struct pmadc *client, const char *handle, int timeout_ms,
                                    struct pmadc_progress *progress);

/* The same by unique id (GET_STATUS_UNIQUE): of tasks of several functions, the one submitted last. */
enum pmadc_status pmadc_unique_status(struct pmadc *client, const char *unique, int timeout_ms,
                                      struct pmadc_progress *progress);

/* Sends an ECHO_REQ and waits until the same bytes have come back. */
enum pmadc_status pmadc_ping(struct pmadc *client, int timeout_ms);

/*
 * Sends one administrative line (without LF) and waits for its answer: one line for those that
 * answer one (`version`, and every error), else all lines up to the final `.`, which is left out.
 * `*text` is NUL-terminated, belongs to the client and is valid until its next call. PMADC_REFUSED
 * when the answer is an `ERR` line. Not to be mixed with unfinished tasks on one connection, nor
 * with tasks that come unasked (pmadc_worker_credit()).
 */
enum pmadc_status pmadc_admin(struct pmadc *client, const char *line, int timeout_ms,
                              const char **text);

/* ---- the other side: doing tasks ---- */

/* A task in a worker's hands. The slices are valid until the function returns. The function may
 * submit tasks on the same client, but not ask for one. */
struct pmadc_job {
    struct pmadc *client;
    const char *handle, *function, *unique; /* NUL-terminated */
    const void *data;
    size_t size;
};

/*
 * Does one task. Returns true for done, with a result in `*result` and `*size` (which stay the
 * function's: valid until it is called again; leave them for an empty result), false for failed.
 */
typedef bool pmadc_function(void *arg, const struct pmadc_job *job, const void **result,
                            size_t *size);

/* Registers a function; `function` and `arg` are kept until the client is closed. */
enum pmadc_status pmadc_can_do(struct pmadc *client, const char *name, pmadc_function *function,
                               void *arg);

/* Takes a registration back. */
enum pmadc_status pmadc_cant_do(struct pmadc *client, const char *name);

/* Names this connection in `workers`; one word, at most 63 bytes. */
enum pmadc_status pmadc_set_id(struct pmadc *client, const char *id);

/* From inside a function: tells the waiting clients something now. */
enum pmadc_status pmadc_job_data(const struct pmadc_job *job, const void *data, size_t size);
enum pmadc_status pmadc_job_warning(const struct pmadc_job *job, const void *data, size_t size);
enum pmadc_status pmadc_job_status(const struct pmadc_job *job, uint64_t numerator,
                                   uint64_t denominator);

/*
 * Has tasks sent unasked: up to `credits` of them, 65535 at most, may be in this worker's hands at a
 * time, where it would else ask for each and be woken for it. With 1 no task waits behind another;
 * with more, those not begun wait here while other workers may be idle, and their time limits run.
 * A task that is answered gives its credit back by itself. 0 returns to asking; tasks that came by
 * then are done first. Everything else stays as it is, and a function may call this, too.
 *
 * PMADC_REFUSED with the code UNKNOWN_OPTION: this daemon does not send unasked (gearmand does not).
 * The worker goes on as before, by asking. After PMADC_TIMEOUT the next call that waits for a task
 * tries again. Credit ends with the connection, and so do tasks not answered by then: they go back
 * to the head of their queues. A task beyond the credit ends the connection with PMADC_PROTOCOL.
 */
enum pmadc_status pmadc_worker_credit(struct pmadc *client, unsigned credits, int timeout_ms);

/* Does one task: waits for it (by credit; else it asks, sleeps until woken and asks again), calls
 * the function, answers. PMADC_OK after a task, whatever became of it; PMADC_TIMEOUT when none came
 * in time (the worker stays registered, with its credit or asleep, and the next call goes on). The
 * answer itself is written without a limit of time. With credit, tasks may have been read already
 * when pmadc_fd() shows nothing: call until PMADC_TIMEOUT before poll(2). */
enum pmadc_status pmadc_work_once(struct pmadc *client, int timeout_ms);

/* Does tasks until the connection ends, something fails, or pmadc_stop() was called from a function
 * or a signal handler: then PMADC_STOPPED. */
enum pmadc_status pmadc_work(struct pmadc *client);

/*
 * Makes pmadc_work() or pmadc_work_once() of this client, or the next call of them, return
 * PMADC_STOPPED after the task at hand. A worker with credit gives it back first, for which it waits
 * a second at most, and does what it was sent by then; who would rather leave that to others closes
 * the connection. A later call asks for the credit again. Async-signal-safe.
 */
void pmadc_stop(struct pmadc *client);

#endif
