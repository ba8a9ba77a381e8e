/*
 * The one who is to notice nothing: a client and a worker of its own, one task after the other. It
 * prints `rounds=... p50_us=... p99_us=... max_us=...`.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attack.h"
#include "gm_frame.h"
#include "load_peer.h"

enum { ASK_EVERY = 8 /* rounds between two looks at the standard input */ };

static const struct gm_slice nothing = {NULL, 0};

struct probe {
    struct load_peer client, worker;
    char function[32]; /* of this process alone */
};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The next frame, which must be of this type. */
static struct gm_slice expect(struct load_peer *peer, enum gm_type type, struct gm_head *head)
{
    struct gm_slice body;

    while (!load_peer_next(peer, head, &body)) {
        attack_wait(peer->fd, POLLIN);
        load_peer_read(peer);
    }
    if (head->type != type)
        load_die(gm_packet_name(head->type), "is not what the probe waits for");
    return body;
}

static void say(struct load_peer *peer, enum gm_type type, const struct gm_slice *args,
                struct gm_slice data)
{
    load_peer_say(peer, type, args, data);
    load_peer_flush(peer);
}

/* The worker asks and finds nothing; it will be woken. */
static void sleep_worker(struct probe *probe)
{
    struct gm_head head;

    say(&probe->worker, GM_GRAB_JOB, NULL, nothing);
    (void)expect(&probe->worker, GM_NO_JOB, &head);
    say(&probe->worker, GM_PRE_SLEEP, NULL, nothing);
}

static void probe_open(struct probe *probe, const char *path)
{
    struct gm_slice function;

    snprintf(probe->function, sizeof probe->function, "probe:%ld", (long)getpid());
    function = gm_text(probe->function);
    load_peer_open(&probe->client, path);
    load_peer_open(&probe->worker, path);
    say(&probe->worker, GM_CAN_DO, &function, nothing);
    sleep_worker(probe);
}

/* From the submission to its result. */
static uint64_t probe_round(struct probe *probe)
{
    static const char payload[] = "a task like any other, of sixty-four bytes, as most of them are";
    struct gm_slice data = {(const uint8_t *)payload, sizeof payload};
    uint64_t began = now_ns();
    struct gm_slice result;
    struct gm_head head;

    say(&probe->client, GM_SUBMIT_JOB, (struct gm_slice[]){gm_text(probe->function), nothing},
        data);
    (void)expect(&probe->worker, GM_NOOP, &head);
    say(&probe->worker, GM_GRAB_JOB, NULL, nothing);
    result = expect(&probe->worker, GM_JOB_ASSIGN, &head);
    say(&probe->worker, GM_WORK_COMPLETE, &head.args[0], result);
    (void)expect(&probe->client, GM_JOB_CREATED, &head);
    result = expect(&probe->client, GM_WORK_COMPLETE, &head);
    if (!gm_slice_equal(result, data))
        load_die("probe", "the result is not right");
    began = now_ns() - began;
    sleep_worker(probe);
    return began;
}

static int by_time(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static void report(uint64_t *times, size_t rounds)
{
    size_t half = rounds / 2;
    size_t most = rounds * 99 / 100;

    qsort(times, rounds, sizeof *times, by_time);
    printf("rounds=%zu p50_us=%.1f p99_us=%.1f max_us=%.1f\n", rounds, (double)times[half] / 1e3,
           (double)times[most] / 1e3, (double)times[rounds - 1] / 1e3);
}

void attack_probe(const char *path, uint64_t seed, size_t count)
{
    uint64_t *times = calloc(count + 1, sizeof *times);
    struct probe probe;
    size_t rounds = 0;

    (void)seed;
    if (times == NULL)
        load_die("memory", strerror(ENOMEM));
    probe_open(&probe, path);
    (void)probe_round(&probe);
    attack_ready();
    do
        times[rounds++] = probe_round(&probe);
    while (rounds < count && (rounds % ASK_EVERY != 0 || !attack_is_over(0)));
    report(times, rounds);
    free(times);
    load_peer_close(&probe.client);
    load_peer_close(&probe.worker);
}
