#ifndef PROCESS_H
#define PROCESS_H

/* What the process asks of the kernel for itself, once, at start. */
#include <stddef.h>
#include <stdint.h>

/*
 * Sets the limit of open descriptors to `count`: so many are needed, and libuv's array of watchers,
 * sized for them, never has to grow. Where the limit is higher and may not be lowered, it stays.
 * Returns 0 or a negative errno, logged with what to do.
 */
int process_allow_descriptors(size_t count);

/* A peer that is gone is an error of write(2), not a signal. */
void process_ignore_sigpipe(void);

/* Fills `seed` with random bytes. Returns 0 or a negative errno, logged. */
int process_seed(uint8_t *seed, size_t size);

#endif
