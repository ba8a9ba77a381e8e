/*
 * Attacks by number: peers that come and go, peers that stay and say nothing, peers that say it byte
 * by byte, workers and clients that are there only to die.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attack.h"
#include "gm_frame.h"
#include "load_peer.h"

enum {
    AT_ONCE = 64,     /* connections that come and go */
    TRICKLE_MS = 100, /* between two bytes of a peer that trickles */
    STEP_MS = 5,      /* a part of them says its byte in each */
    FRAME_SIZE = 1024 /* bytes of the frame that trickles */
};

static const struct gm_slice nothing = {NULL, 0};

static void *memory(size_t count, size_t size)
{
    void *bytes = calloc(count, size);

    if (bytes == NULL)
        load_die("memory", strerror(ENOMEM));
    return bytes;
}

static size_t echo_frame(uint8_t *bytes, size_t room, size_t body)
{
    size_t head = gm_head_encode(bytes, room, GM_REQ, GM_ECHO_REQ, NULL, body);

    memset(bytes + head, 'e', body);
    return head + body;
}

/* ---- who comes and goes ---- */

void attack_connects(const char *path, uint64_t seed, size_t count)
{
    struct dice dice = {seed};
    int fds[AT_ONCE];
    uint8_t frame[64];
    size_t size = echo_frame(frame, sizeof frame, 20);

    for (size_t i = 0; i < count + AT_ONCE; i++) {
        if (i >= AT_ONCE)
            close(fds[i % AT_ONCE]);
        if (i >= count)
            continue;
        fds[i % AT_ONCE] = attack_connect(path);
        (void)attack_send(fds[i % AT_ONCE], frame, dice_below(&dice, size + 1));
    }
}

/* ---- who stays ---- */

/* What is answered stays to be read. */
static int *connect_all(const char *path, size_t count, const uint8_t *first, size_t size)
{
    int *fds = memory(count, sizeof *fds);

    for (size_t i = 0; i < count; i++) {
        fds[i] = attack_connect(path);
        if (size > 0 && send(fds[i], first, size, MSG_NOSIGNAL) != (ssize_t)size)
            load_die("attack", "a connection was closed at once");
    }
    return fds;
}

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    free(fds);
}

void attack_idle(const char *path, uint64_t seed, size_t count)
{
    uint8_t frame[64];
    size_t size = echo_frame(frame, sizeof frame, 0);
    int *fds = connect_all(path, count, frame, size);
    uint8_t answer[64];

    (void)seed;
    for (size_t i = 0; i < count; i++) {
        attack_wait(fds[i], POLLIN);
        if (read(fds[i], answer, sizeof answer) <= 0)
            load_die("attack", "a connection was closed after its first word");
    }
    attack_hold();
    close_all(fds, count);
}

void attack_silent(const char *path, uint64_t seed, size_t count)
{
    int *fds = connect_all(path, count, NULL, 0);

    (void)seed;
    attack_hold();
    close_all(fds, count);
}

/* One more byte of a frame; anew where the daemon has closed the connection. */
static void trickle(const char *path, int *fd, const uint8_t *frame, size_t at)
{
    if (attack_send(*fd, frame + at, 1))
        return;
    close(*fd);
    *fd = attack_connect(path);
    (void)attack_send(*fd, frame, 1);
}

/* Peers in as many groups as there are steps between two bytes, and a group a step: what comes, comes
 * evenly. */
void attack_trickle(const char *path, uint64_t seed, size_t count)
{
    enum { GROUPS = TRICKLE_MS / STEP_MS };
    uint8_t frame[FRAME_SIZE];
    size_t size = gm_head_encode(frame, sizeof frame, GM_REQ, GM_SUBMIT_JOB,
                                 (struct gm_slice[]){gm_text("trickle"), nothing}, FRAME_SIZE);
    int *fds = connect_all(path, count, frame, 1);

    (void)seed;
    memset(frame + size, 't', sizeof frame - size);
    attack_ready();
    for (size_t step = GROUPS; !attack_is_over(STEP_MS); step++) {
        size_t at = step / GROUPS % FRAME_SIZE;

        for (size_t i = step % GROUPS; i < count; i += GROUPS)
            trickle(path, &fds[i], frame, at);
    }
    close_all(fds, count);
}

/* ---- who is there to die ---- */

/* Waits for a frame of this type, whatever comes before it. */
static void await(struct load_peer *peer, enum gm_type type)
{
    struct gm_head head = {0};
    struct gm_slice body;

    for (;;) {
        while (load_peer_next(peer, &head, &body))
            if (head.type == type)
                return;
        attack_wait(peer->fd, POLLIN);
        load_peer_read(peer);
    }
}

static void close_peers(struct load_peer *peers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        load_peer_close(&peers[i]);
    free(peers);
}

void attack_take(const char *path, uint64_t seed, size_t count)
{
    struct load_peer *workers = memory(count, sizeof *workers);
    const struct gm_slice function = gm_text("mortal");

    (void)seed;
    for (size_t i = 0; i < count; i++) {
        load_peer_open(&workers[i], path);
        load_peer_say(&workers[i], GM_CAN_DO, &function, nothing);
        load_peer_say(&workers[i], GM_GRAB_JOB, NULL, nothing);
        load_peer_flush(&workers[i]);
    }
    for (size_t i = 0; i < count; i++)
        await(&workers[i], GM_JOB_ASSIGN);
    attack_hold();
    close_peers(workers, count);
}

void attack_leave(const char *path, uint64_t seed, size_t count)
{
    struct load_peer *clients = memory(count, sizeof *clients);

    (void)seed;
    for (size_t i = 0; i < count; i++) {
        load_peer_open(&clients[i], path);
        load_peer_say(&clients[i], GM_SUBMIT_JOB, (struct gm_slice[]){gm_text("mortal"), nothing},
                      gm_text("nobody will want to know"));
        load_peer_flush(&clients[i]);
    }
    for (size_t i = 0; i < count; i++)
        await(&clients[i], GM_JOB_CREATED);
    attack_hold();
    close_peers(clients, count);
}
