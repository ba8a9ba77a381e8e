#ifndef ATTACK_H
#define ATTACK_H

/*
 * What the attacks share: connections that are broken on purpose, dice that follow from a seed, and
 * the table in attack.c that names them all.
 *
 * An attacker minds nothing that the daemon does to it: a connection that is closed is opened anew. It
 * ends with load_die() only where the daemon cannot be reached, or does nothing for STILL_MS.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STILL_MS = 60000 /* nothing at all for so long: somebody waits in vain */ };

/* splitmix64: one word of state, the same sequence for the same seed. */
struct dice {
    uint64_t state;
};

uint64_t dice_roll(struct dice *dice);

/* A number from 0 to `end` - 1. */
size_t dice_below(struct dice *dice, size_t end);
void dice_fill(struct dice *dice, uint8_t *bytes, size_t size);

/* Connects to the Unix socket at `path`, waiting for its turn; the connection is non-blocking. */
int attack_connect(const char *path);

/* Waits until one of these events (poll(2)) has come. */
void attack_wait(int fd, short events);

/* Reads and forgets what there is. False when the daemon has closed the connection. */
bool attack_drain(int fd);

/* Sends all of it, reading meanwhile what comes back. False when the daemon has closed the
 * connection. */
bool attack_send(int fd, const void *bytes, size_t size);

/* Says that it is as bad as it gets, and stays so until the standard input ends. */
void attack_hold(void);

/* Writes "ready" and a line end to the standard output. */
void attack_ready(void);

/* True when the standard input has ended. */
bool attack_is_over(int timeout_ms);

/* ---- the attacks: `count` is how often, or how many at once ---- */

void attack_malformed(const char *path, uint64_t seed, size_t count);
void attack_noise(const char *path, uint64_t seed, size_t count);
void attack_connects(const char *path, uint64_t seed, size_t count);
void attack_idle(const char *path, uint64_t seed, size_t count);
void attack_silent(const char *path, uint64_t seed, size_t count);
void attack_trickle(const char *path, uint64_t seed, size_t count);
void attack_take(const char *path, uint64_t seed, size_t count);
void attack_leave(const char *path, uint64_t seed, size_t count);
void attack_listings(const char *path, uint64_t seed, size_t count);
void attack_jobs(const char *path, uint64_t seed, size_t count);
void attack_echoes(const char *path, uint64_t seed, size_t count);
void attack_headers(const char *path, uint64_t seed, size_t count);
void attack_submits(const char *path, uint64_t seed, size_t count);

/* Not an attack: the one who is to notice nothing. Rounds until the standard input ends, or `count` of
 * them; prints how long they took. */
void attack_probe(const char *path, uint64_t seed, size_t count);

#endif
