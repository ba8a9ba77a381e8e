/*
 * attack SOCKET NAME SEED COUNT: one of the attacks of the table below on the daemon at SOCKET.
 *
 * Those that hold something print `ready` once they do, and let go when their standard input ends; all
 * others do their worst and end. What they do follows from SEED. COUNT is how often they do it, or how
 * many connections they hold.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "load_peer.h"

static const struct {
    const char *name;
    void (*run)(const char *path, uint64_t seed, size_t count);
    const char *what;
} attacks[] = {
    {"malformed", attack_malformed, "COUNT frames, each wrong in another way"},
    {"noise", attack_noise, "COUNT random bytes"},
    {"connects", attack_connects, "COUNT connections, 64 at once, in every stage of a first frame"},
    {"idle", attack_idle, "COUNT connections that have said one word; holds"},
    {"silent", attack_silent, "COUNT connections that never say a word; holds"},
    {"trickle", attack_trickle, "COUNT connections, ten bytes a second each; holds"},
    {"take", attack_take, "COUNT workers, a task of `mortal` in the hand of each; holds"},
    {"leave", attack_leave, "COUNT clients that each submit a task of `mortal`; holds"},
    {"listings", attack_listings, "COUNT times `status`, pipelined and read"},
    {"jobs", attack_jobs, "COUNT times `show jobs`, pipelined and read"},
    {"echoes", attack_echoes, "COUNT echoes of 500,000 bytes, pipelined and read"},
    {"headers", attack_headers, "COUNT empty echoes, pipelined and read"},
    {"submits", attack_submits, "COUNT submissions of `flood`, pipelined and read"},
    {"probe", attack_probe, "COUNT tasks, one after the other, and how long they took"},
};

uint64_t dice_roll(struct dice *dice)
{
    uint64_t word = dice->state += 0x9e3779b97f4a7c15u;

    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    return word ^ (word >> 31);
}

size_t dice_below(struct dice *dice, size_t end)
{
    return dice_roll(dice) % end;
}

void dice_fill(struct dice *dice, uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word = dice_roll(dice);

        memcpy(bytes + at, &word, size - at < sizeof word ? size - at : sizeof word);
    }
}

int attack_connect(const char *path)
{
    struct load_peer peer;

    load_peer_open(&peer, path);
    if (fcntl(peer.fd, F_SETFL, O_NONBLOCK) < 0)
        load_die("fcntl", strerror(errno));
    return peer.fd;
}

void attack_wait(int fd, short events)
{
    struct pollfd about = {.fd = fd, .events = events};

    if (poll(&about, 1, STILL_MS) == 0)
        load_die("attack", "the daemon does nothing any more");
}

bool attack_drain(int fd)
{
    static uint8_t bytes[1 << 16];
    ssize_t got;

    do
        got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    while (got > 0);
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

bool attack_send(int fd, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    const uint8_t *end = at + size;

    while (at < end) {
        ssize_t sent = send(fd, at, (size_t)(end - at), MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent > 0)
            at += sent;
        else if (errno == EAGAIN)
            attack_wait(fd, POLLIN | POLLOUT);
        else
            return false;
        if (!attack_drain(fd))
            return false;
    }
    return true;
}

void attack_ready(void)
{
    puts("ready");
    fflush(stdout);
}

bool attack_is_over(int timeout_ms)
{
    struct pollfd about = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&about, 1, timeout_ms) > 0;
}

void attack_hold(void)
{
    attack_ready();
    (void)attack_is_over(-1);
}

/* As many descriptors as there may be. */
static void raise_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        load_die("getrlimit", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        load_die("setrlimit", strerror(errno));
}

int main(int argc, char **argv)
{
    raise_limits();
    for (size_t i = 0; argc == 5 && i < sizeof attacks / sizeof *attacks; i++)
        if (strcmp(attacks[i].name, argv[2]) == 0) {
            attacks[i].run(argv[1], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
            return 0;
        }
    fprintf(stderr, "usage: attack SOCKET NAME SEED COUNT, NAME being one of\n");
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
        fprintf(stderr, "    %-10s %s\n", attacks[i].name, attacks[i].what);
    return 2;
}
