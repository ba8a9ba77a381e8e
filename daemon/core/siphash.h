#ifndef SIPHASH_H
#define SIPHASH_H

/* SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): names come from
 * peers, who must not be able to choose their bucket. */
#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k0, k1;
};

/* Takes the key from 16 random bytes. */
struct siphash_key siphash_key(const uint8_t seed[16]);

uint64_t siphash(struct siphash_key key, const void *data, size_t size);

#endif
