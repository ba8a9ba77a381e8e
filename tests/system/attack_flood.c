/*
 * Attacks by appetite: one peer that asks for as much as it can, reads as fast as it can, and never
 * breaks a rule. Nobody can be dropped for that; the question is what the others notice.
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
    ECHO_SIZE = 500000, /* bytes of a large echo */
    BATCH = 1 << 16     /* bytes of small requests, sent again and again */
};

/* A request over and over, without waiting for its answer. */
struct flood {
    const uint8_t *bytes;
    size_t size;  /* of whole requests */
    size_t count; /* how many of them */
};

/* Sends it until `count` requests have gone, then reads until the daemon, which is told that there are
 * no more, closes. */
static void pour(const char *path, const struct flood *flood, size_t count)
{
    int fd = attack_connect(path);

    for (size_t done = 0; done < count; done += flood->count)
        if (!attack_send(fd, flood->bytes, flood->size))
            load_die("flood", "the daemon closed the connection");
    (void)shutdown(fd, SHUT_WR);
    while (attack_drain(fd))
        attack_wait(fd, POLLIN);
    close(fd);
}

/* `unit` as often as it fits into a batch. */
static void pour_small(const char *path, const uint8_t *unit, size_t size, size_t count)
{
    static uint8_t batch[BATCH];
    struct flood flood = {.bytes = batch};

    for (; flood.size + size <= BATCH && flood.count < count; flood.count++) {
        memcpy(batch + flood.size, unit, size);
        flood.size += size;
    }
    pour(path, &flood, count);
}

void attack_listings(const char *path, uint64_t seed, size_t count)
{
    static const char line[] = "status\n";

    (void)seed;
    pour_small(path, (const uint8_t *)line, sizeof line - 1, count);
}

void attack_jobs(const char *path, uint64_t seed, size_t count)
{
    static const char line[] = "show jobs\n";

    (void)seed;
    pour_small(path, (const uint8_t *)line, sizeof line - 1, count);
}

void attack_headers(const char *path, uint64_t seed, size_t count)
{
    uint8_t frame[GM_HEADER_SIZE];
    size_t size = gm_head_encode(frame, sizeof frame, GM_REQ, GM_ECHO_REQ, NULL, 0);

    (void)seed;
    pour_small(path, frame, size, count);
}

void attack_submits(const char *path, uint64_t seed, size_t count)
{
    static const struct gm_slice args[] = {{(const uint8_t *)"flood", 5}, {NULL, 0}};
    uint8_t frame[64];
    size_t size = gm_head_encode(frame, sizeof frame, GM_REQ, GM_SUBMIT_JOB, args, 0);

    (void)seed;
    pour_small(path, frame, size, count);
}

void attack_echoes(const char *path, uint64_t seed, size_t count)
{
    uint8_t *frame = malloc(GM_HEADER_SIZE + ECHO_SIZE);
    struct flood flood = {.bytes = frame, .count = 1};

    (void)seed;
    if (frame == NULL)
        load_die("memory", strerror(ENOMEM));
    flood.size = gm_head_encode(frame, GM_HEADER_SIZE, GM_REQ, GM_ECHO_REQ, NULL, ECHO_SIZE);
    memset(frame + flood.size, 'e', ECHO_SIZE);
    flood.size += ECHO_SIZE;
    pour(path, &flood, count);
    free(frame);
}
