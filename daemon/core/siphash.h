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

/* The same for what comes in pieces. */
struct siphash {
    uint64_t v0, v1, v2, v3;
    uint64_t tail; /* the bytes of a word that is not whole */
    size_t size;   /* bytes so far */
};

struct siphash siphash_begin(struct siphash_key key);
void siphash_add(struct siphash *s, const void *data, size_t size);
uint64_t siphash_end(struct siphash *s);

#endif
