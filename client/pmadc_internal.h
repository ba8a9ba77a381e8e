#ifndef PMADC_INTERNAL_H
#define PMADC_INTERNAL_H

/*
 * The inside of a client: one socket, one buffer of what came in, and three lists.
 *
 *     questions   requests the daemon owes an answer to, oldest first: answers come in this
 *                 order. A call that runs out of time leaves its question behind, marked
 *                 abandoned, and the late answer is taken for it and dropped.
 *     tasks       foreground tasks the daemon has accepted and not ended, abandoned ones too.
 *     kept        frames that came while another call was waiting, for the call that wants them.
 *
 * A worker with credit is sent tasks unasked, and those it has not begun are among the kept frames:
 * never more of them than its credit, since the connection ends with a task beyond that.
 *
 * pmadc_connection.c opens, closes and explains; pmadc_wire.c moves bytes and frames; pmadc_route.c
 * decides which call a frame is for; pmadc_submit.c asks, pmadc_admin.c speaks text, pmadc_work.c
 * does tasks, pmadc_credit.c has them sent unasked.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include "gm_frame.h"
#include "pmad_client.h"

enum {
    PMADC_ERROR_SIZE = 512,
    PMADC_CODE_SIZE = 64,
    PMADC_HANDLE_SIZE = GM_HANDLE_MAX + 1,
    PMADC_NAME_MAX = 512,  /* bytes of a function's name */
    PMADC_HEAD_MAX = 1024, /* bytes of any head we send: such a name, a unique id, what is around */
    PMADC_CREDIT_MAX = 65535 /* tasks that a daemon may send unasked */
};

/* The bytes from `begin` up to `end` are filled. */
struct pmadc_buffer {
    uint8_t *bytes;
    size_t begin, end, room;
};

/* What kind of call wants a frame. */
enum pmadc_class {
    PMADC_ANSWER, /* the answer to a question */
    PMADC_NEWS,   /* of a task we submitted */
    PMADC_WORKER  /* an assignment or a wake-up */
};

/* A question, and after its answer, if it submitted one in the foreground, the task. */
struct pmadc_pending {
    TAILQ_ENTRY(pmadc_pending) entry;
    enum gm_type answer; /* the packet that answers it, if ERROR does not */
    bool foreground;     /* its answer makes it a task */
    bool abandoned;      /* whoever asked has given up */
    bool ended;          /* its last frame has come */
    bool about_credit;   /* it asks for `credits` */
    uint16_t credits;
    uint64_t news; /* frames that came for this task */
    char handle[PMADC_HANDLE_SIZE];
};

/* A whole frame; its slices point into a buffer of the client. */
struct pmadc_frame {
    struct gm_head head;
    struct gm_slice whole, body;
    enum pmadc_class class;
    struct pmadc_pending *pending; /* the question it answers or the task it is about */
};

struct pmadc_kept {
    TAILQ_ENTRY(pmadc_kept) entry;
    enum pmadc_class class;
    struct pmadc_pending *pending;
    size_t size;
    uint8_t bytes[];
};

struct pmadc_registration {
    SLIST_ENTRY(pmadc_registration) entry;
    pmadc_function *function;
    void *arg;
    char name[PMADC_NAME_MAX + 1];
};

TAILQ_HEAD(pmadc_pendings, pmadc_pending);
TAILQ_HEAD(pmadc_kepts, pmadc_kept);
SLIST_HEAD(pmadc_registrations, pmadc_registration);

/* Where a worker stands in its round: about to ask, waiting for the answer, waiting for NOOP. */
enum pmadc_round { PMADC_AWAKE, PMADC_ASKED, PMADC_ASLEEP };

struct pmadc {
    int fd;
    bool dead;        /* the connection ended or lost its framing: nothing can be said any more */
    bool option_sent; /* exceptions were asked for */
    enum pmadc_round round;
    uint16_t credits; /* how many tasks the program wants to be sent unasked; 0: it asks for each */
    uint16_t granted; /* how many the daemon has agreed to */
    bool credit_open; /* a change of it was not answered in time: perhaps it holds */
    uint32_t in_hand; /* tasks that came and are not answered */
    int wake_fd;      /* readable after pmadc_stop(); -1 while there is no registration */
    atomic_bool stop;
    bool stoppable; /* the present wait ends when `stop` is set */
    uint64_t pings;
    struct pmadc_buffer in;     /* what came and was not taken yet */
    struct pmadc_buffer result; /* holds what the last call returned */
    struct pmadc_buffer job;    /* holds the task in hand */
    struct pmadc_pendings questions, tasks;
    struct pmadc_kepts kept;
    struct pmadc_registrations registrations;
    char error[PMADC_ERROR_SIZE];
    char error_code[PMADC_CODE_SIZE];
};

/* ---- pmadc_connection.c ---- */

/* A time limit as a moment of the monotonic clock in ms; a negative timeout never comes. */
int64_t pmadc_deadline(int timeout_ms);

/* What poll(2) may wait until the deadline: 0 when it has passed, -1 for ever. */
int pmadc_time_left(int64_t deadline);

/* Begins a call: forgets the last error. PMADC_LOST, and the error stays, when the connection is
 * dead. */
enum pmadc_status pmadc_begin(struct pmadc *client);

/* Notes an error as one line of printf and returns `status`. */
enum pmadc_status pmadc_fail(struct pmadc *client, enum pmadc_status status, const char *format,
                             ...) __attribute__((format(printf, 3, 4)));

/* The same, and nothing can be said on this connection any more. */
enum pmadc_status pmadc_die(struct pmadc *client, enum pmadc_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Notes the code and text of an error from the daemon; returns PMADC_REFUSED. */
enum pmadc_status pmadc_refuse(struct pmadc *client, struct gm_slice code, struct gm_slice text);

/* ---- pmadc_wire.c ---- */

/* Makes room for `size` more bytes behind the filled ones. */
enum pmadc_status pmadc_reserve(struct pmadc *client, struct pmadc_buffer *buffer, size_t size);

/* Reads once into `in`, waiting until the deadline for something to come. PMADC_STOPPED if this
 * wait is stoppable and was stopped. */
enum pmadc_status pmadc_read(struct pmadc *client, int64_t deadline);

/*
 * Sends all pieces. Out of time before the first byte the connection stays good; after it, it is
 * dead. What comes in meanwhile is read, so that two full sockets never wait for each other. When
 * the daemon has hung up, its parting ERROR, if it sent one, is the reason given.
 */
enum pmadc_status pmadc_write(struct pmadc *client, struct iovec *pieces, size_t count,
                              int64_t deadline);

/* Encodes the head of a request into `into`, PMADC_HEAD_MAX bytes; PMADC_INVALID if it is no valid
 * frame. */
enum pmadc_status pmadc_head(struct pmadc *client, struct iovec *piece, uint8_t *into,
                             enum gm_type type, const struct gm_slice *args, size_t body_size);

/* Sends one request. */
enum pmadc_status pmadc_send(struct pmadc *client, enum gm_type type, const struct gm_slice *args,
                             struct gm_slice body, int64_t deadline);

/* Takes one whole frame off the connection; its slices last until the next read. */
enum pmadc_status pmadc_receive(struct pmadc *client, int64_t deadline, struct pmadc_frame *frame);

/* Moves the frame just received into `hold`, where it stays until the next one is held there. */
enum pmadc_status pmadc_hold(struct pmadc *client, struct pmadc_buffer *hold,
                             struct pmadc_frame *frame);

/* The same for a frame from elsewhere, by copying it. */
enum pmadc_status pmadc_hold_copy(struct pmadc *client, struct pmadc_buffer *hold,
                                  struct pmadc_frame *frame);

/* ---- pmadc_submit.c ---- */

/*
 * Sends a request and waits for its answer. On PMADC_OK the question is in `frame->pending`: the
 * caller's, unless it has become a task; the answer's slices last until the next read. A question
 * that is NULL is one that there was no memory for.
 */
enum pmadc_status pmadc_ask(struct pmadc *client, enum gm_type type, const struct gm_slice *args,
                            struct gm_slice body, struct pmadc_pending *question, int64_t deadline,
                            struct pmadc_frame *frame);

/* ---- pmadc_credit.c ---- */

/* Comes to terms with the daemon about how many tasks it may send unasked, unless that is so
 * already. Out of time, the next call tries again. */
enum pmadc_status pmadc_agree(struct pmadc *client, unsigned credits, int64_t deadline);

/* Gives all credit back, for a worker that is to stop: nothing comes unasked after PMADC_OK. */
enum pmadc_status pmadc_retire(struct pmadc *client);

/* True for the codes of an ERROR that can answer a question about credit. */
bool pmadc_refuses_credit(struct gm_slice code);

/* Notes the answer to a question about credit; false if it says something else than was asked. */
bool pmadc_credit_granted(struct pmadc *client, const struct pmadc_pending *question,
                          struct gm_slice answer);

/* Counts a task that has come. PMADC_PROTOCOL when it was neither asked for nor within the
 * credit. */
enum pmadc_status pmadc_task_came(struct pmadc *client);

/* ---- pmadc_route.c ---- */

/* Notes a question that is about to be sent; NULL without memory. */
struct pmadc_pending *pmadc_question(struct pmadc *client, enum gm_type answer, bool foreground);

/*
 * Waits for the next frame of a class, which concerns `only` if that is not NULL, and moves it into
 * `hold`, if that is not NULL. Kept frames come first; others are kept, and late answers dropped. A
 * question that was answered belongs to the caller, unless it has become a task. An ERROR is
 * PMADC_REFUSED, and the question is gone. Without memory for a task that came, the connection is
 * dead: the task goes back when it is closed.
 */
enum pmadc_status pmadc_next(struct pmadc *client, enum pmadc_class wanted,
                             struct pmadc_pending *only, int64_t deadline,
                             struct pmadc_buffer *hold, struct pmadc_frame *frame);

/* True for the packets that end a task. */
bool pmadc_is_last(uint32_t type);

/* Takes a task off its list and frees it. */
void pmadc_forget(struct pmadc *client, struct pmadc_pending *task);

/* Copies a slice into a C string of `room` bytes; false if it does not fit. */
bool pmadc_copy_text(char *into, size_t room, struct gm_slice from);

/* Reads decimal digits up to the first other byte. */
uint64_t pmadc_number(struct gm_slice text);

#endif
