#include "siphash.h"

#include <string.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

/* Little-endian, on every machine. */
static uint64_t word(const uint8_t *bytes, size_t size)
{
    uint64_t x = 0;

    for (size_t i = 0; i < size; i++)
        x |= (uint64_t)bytes[i] << (8 * i);
    return x;
}

static void rounds(struct state *s, int count)
{
    while (count-- > 0) {
        s->v0 += s->v1;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

static void absorb(struct state *s, uint64_t m)
{
    s->v3 ^= m;
    rounds(s, 2);
    s->v0 ^= m;
}

struct siphash_key siphash_key(const uint8_t seed[16])
{
    return (struct siphash_key){.k0 = word(seed, 8), .k1 = word(seed + 8, 8)};
}

uint64_t siphash(struct siphash_key key, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    struct state s = {.v0 = key.k0 ^ UINT64_C(0x736f6d6570736575),
                      .v1 = key.k1 ^ UINT64_C(0x646f72616e646f6d),
                      .v2 = key.k0 ^ UINT64_C(0x6c7967656e657261),
                      .v3 = key.k1 ^ UINT64_C(0x7465646279746573)};
    size_t whole = size & ~(size_t)7;

    for (size_t i = 0; i < whole; i += 8)
        absorb(&s, word(bytes + i, 8));
    absorb(&s, ((uint64_t)size << 56) | word(bytes + whole, size - whole));
    s.v2 ^= 0xff;
    rounds(&s, 4);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
