/*
 * relay --socket PATH | --listen HOST:PORT [--spin]
 *
 * The floor of any router: what the sockets themselves cost. Every SUBMIT_JOB of a client goes to the
 * next worker as JOB_ASSIGN_UNIQ, every WORK_COMPLETE back to the client that its handle names. Nothing is
 * queued, limited, remembered or answered otherwise: no JOB_CREATED, no functions, no credits. It
 * gathers as a router should: one epoll, one read for each socket that is ready, and after all of them
 * one write for each socket that something is for; large data are written from where they were read to.
 *
 * With --spin it looks for input without sleeping, as the daemon does with `busy_poll`.
 *
 * A worker is who has said OPTION_REQ `pmad-push=N`, whatever N. What a worker holds is lost with it.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "conn.h"
#include "fail.h"
#include "gm_frame.h"
#include "wire.h"

enum {
    LINKS_MAX = 65536, /* a descriptor is 16 bits of a handle */
    EVENTS_MAX = 512,
    HANDLE_SIZE = 9, /* eight hexadecimal digits and a NUL */
    FRAME_MAX = 256 * 1024 * 1024
};

struct link {
    struct conn conn;
    uint16_t generation; /* tells it from former links with that descriptor */
    bool is_worker, is_dirty, is_blocked, has_ended;
};

static int epoll;
static struct link *links[LINKS_MAX]; /* by descriptor; made once, never given back */
static struct link *workers[LINKS_MAX], *dirty[LINKS_MAX], *ended[LINKS_MAX];
static size_t worker_count, worker_next, dirty_count, ended_count;
static volatile sig_atomic_t stopped;

/* ---- links ---- */

static void link_watch(struct link *link, int how)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = link->conn.fd};

    if (link->is_blocked)
        event.events |= EPOLLOUT;
    if (epoll_ctl(epoll, how, link->conn.fd, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
}

static void link_open(int fd)
{
    const int on = 1;
    struct link *link;

    if (fd >= LINKS_MAX)
        fail("%d connections are too many", fd);
    if (links[fd] == NULL)
        links[fd] = must_calloc(1, sizeof *link);
    link = links[fd];
    *link = (struct link){.conn.fd = fd, .generation = (uint16_t)(link->generation + 1)};
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* where it is TCP */
    link_watch(link, EPOLL_CTL_ADD);
}

/* It is closed after the turn: what lies in its input may still be to be written. */
static void link_end(struct link *link, const char *why)
{
    if (link->has_ended)
        return;
    if (why != NULL)
        fprintf(stderr, "relay: %s\n", why);
    link->has_ended = true;
    ended[ended_count++] = link;
}

static void link_close(struct link *link)
{
    for (size_t i = 0; i < worker_count; i++)
        if (workers[i] == link)
            workers[i--] = workers[--worker_count];
    conn_close(&link->conn);
}

/* ---- output ---- */

static void link_dirty(struct link *link)
{
    if (!link->is_dirty)
        dirty[dirty_count++] = link;
    link->is_dirty = true;
}

static void link_flush(struct link *link)
{
    link->is_dirty = false;
    if (link->has_ended)
        return;
    if (!conn_flush(&link->conn)) {
        link_end(link, NULL);
        return;
    }
    if (conn_waits(&link->conn) != link->is_blocked) {
        link->is_blocked = !link->is_blocked;
        link_watch(link, EPOLL_CTL_MOD);
    }
}

/* Says the header of a frame whose arguments and data, `size` bytes, follow. */
static void link_header(struct link *link, enum gm_type type, size_t size)
{
    wire_header_write(conn_room(&link->conn, GM_HEADER_SIZE), 'S', type, (uint32_t)size);
    conn_said(&link->conn, GM_HEADER_SIZE);
    link_dirty(link);
}

static void link_answer(struct link *link, enum gm_type type, const void *body, size_t size)
{
    link_header(link, type, size);
    conn_say(&link->conn, body, size);
}

/* ---- frames ---- */

static void handle_write(uint8_t handle[HANDLE_SIZE], const struct link *client)
{
    uint32_t number = (uint32_t)client->generation << 16 | (uint32_t)client->conn.fd;

    for (int digit = 0; digit < HANDLE_SIZE - 1; digit++)
        handle[digit] = (uint8_t) "0123456789abcdef"[number >> (28 - 4 * digit) & 15];
    handle[HANDLE_SIZE - 1] = 0;
}

/* The client that a handle names; NULL if it has left. */
static struct link *handle_client(const uint8_t *handle)
{
    uint32_t number = 0;
    struct link *client;

    for (int digit = 0; digit < HANDLE_SIZE - 1; digit++)
        number = number << 4 | (handle[digit] <= '9' ? handle[digit] - (uint32_t)'0'
                                                     : handle[digit] - (uint32_t)'a' + 10);
    client = links[number & 0xffff];
    if (client == NULL || client->generation != number >> 16 || client->conn.fd < 0)
        return NULL;
    return client;
}

static void on_submit(struct link *client, const uint8_t *body, size_t size)
{
    static const char nobody[] = "QUEUE_ERROR\0no worker has said pmad-push";
    uint8_t handle[HANDLE_SIZE];
    struct link *worker;

    if (worker_count == 0) {
        link_answer(client, GM_ERROR, nobody, sizeof nobody - 1);
        return;
    }
    if (worker_next >= worker_count)
        worker_next = 0;
    worker = workers[worker_next++];
    handle_write(handle, client);
    link_header(worker, GM_JOB_ASSIGN_UNIQ, HANDLE_SIZE + size);
    conn_say(&worker->conn, handle, sizeof handle);
    conn_say_lying(&worker->conn, body, size);
}

static void on_complete(struct link *worker, const uint8_t *body, size_t size)
{
    struct link *client;

    if (size < HANDLE_SIZE || body[HANDLE_SIZE - 1] != 0) {
        link_end(worker, "WORK_COMPLETE with a handle that is none");
        return;
    }
    client = handle_client(body);
    if (client == NULL)
        return;
    link_header(client, GM_WORK_COMPLETE, size);
    conn_say_lying(&client->conn, body, size);
}

static void on_option(struct link *link, const uint8_t *body, size_t size)
{
    static const char push[] = "pmad-push=",
                      unknown[] = "UNKNOWN_OPTION\0pmad-push=N alone is known";

    if (size < sizeof push || memcmp(body, push, sizeof push - 1) != 0) {
        link_answer(link, GM_ERROR, unknown, sizeof unknown - 1);
        return;
    }
    if (!link->is_worker)
        workers[worker_count++] = link;
    link->is_worker = true;
    link_answer(link, GM_OPTION_RES, body, size);
}

static void on_frame(struct link *link, uint32_t type, const uint8_t *body, size_t size)
{
    static char why[96];

    switch (type) {
    case GM_SUBMIT_JOB:
        on_submit(link, body, size);
        break;
    case GM_WORK_COMPLETE:
        on_complete(link, body, size);
        break;
    case GM_OPTION_REQ:
        on_option(link, body, size);
        break;
    case GM_ECHO_REQ:
        link_answer(link, GM_ECHO_RES, body, size);
        break;
    case GM_CAN_DO:
        break;
    default:
        snprintf(why, sizeof why, "a frame of type %u (%s), which is not relayed", type,
                 gm_packet_name(type));
        link_end(link, why);
    }
}

/* Handles the frame at the beginning of the input; returns its size, 0 if it is not whole. */
static size_t link_take(struct link *link, const uint8_t *bytes, size_t size)
{
    uint32_t body_size;

    if (size < GM_HEADER_SIZE)
        return 0;
    body_size = wire_body_size(bytes);
    if (!wire_is_header(bytes, 'Q') || body_size > FRAME_MAX) {
        link_end(link, "something that is no frame");
        return 0;
    }
    if (size - GM_HEADER_SIZE < body_size)
        return 0;
    on_frame(link, wire_type(bytes), bytes + GM_HEADER_SIZE, body_size);
    return GM_HEADER_SIZE + body_size;
}

static void link_read(struct link *link)
{
    struct buffer *in = &link->conn.in;
    size_t taken;

    if (conn_read(&link->conn) == CONN_ENDED) {
        link_end(link, NULL);
        return;
    }
    while (in->begin < in->end && !link->has_ended) {
        taken = link_take(link, in->bytes + in->begin, in->end - in->begin);
        if (taken == 0)
            break;
        conn_taken(&link->conn, taken);
    }
}

/* ---- the loop ---- */

static void on_stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static void take_strangers(int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        link_open(fd);
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        fail("accept: %s", strerror(errno));
}

static void turn(int listener, const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;

        if (fd == listener) {
            take_strangers(listener);
            continue;
        }
        if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0)
            link_read(links[fd]);
        if ((events[i].events & EPOLLOUT) != 0)
            link_dirty(links[fd]);
    }
    while (dirty_count > 0)
        link_flush(dirty[--dirty_count]);
    while (ended_count > 0)
        link_close(ended[--ended_count]);
}

static void serve(int listener, bool spins)
{
    struct epoll_event events[EVENTS_MAX] = {{.events = EPOLLIN, .data.fd = listener}};
    sigset_t while_waiting, stops;

    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, events) < 0)
        fail("epoll: %s", strerror(errno));
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    if (!spins) /* who never waits is interrupted anywhere */
        sigprocmask(SIG_BLOCK, &stops, &while_waiting);
    while (!stopped) {
        int count = spins ? epoll_wait(epoll, events, EVENTS_MAX, 0)
                          : epoll_pwait(epoll, events, EVENTS_MAX, -1, &while_waiting);

        if (count < 0 && errno != EINTR)
            fail("epoll_pwait: %s", strerror(errno));
        turn(listener, events, count);
    }
}

static void descriptors_allow(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("RLIMIT_NOFILE: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max < LINKS_MAX ? limit.rlim_max : LINKS_MAX;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("RLIMIT_NOFILE: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    const struct sigaction stop = {.sa_handler = on_stop};
    bool spins = argc == 4 && strcmp(argv[3], "--spin") == 0;
    const char *path = NULL;
    char name[256];

    argc -= spins;
    if (argc == 3 && strcmp(argv[1], "--socket") == 0)
        path = argv[2];
    else if (argc != 3 || strcmp(argv[1], "--listen") != 0)
        fail("usage: relay --socket PATH | --listen HOST:PORT [--spin]");
    snprintf(name, sizeof name, "%s:%s", path != NULL ? "unix" : "tcp", argv[2]);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    descriptors_allow();
    serve(address_listen(name), spins);
    if (path != NULL)
        unlink(path);
    return EXIT_SUCCESS;
}
