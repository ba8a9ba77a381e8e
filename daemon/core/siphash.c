#include "siphash.h"

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

static void rounds(struct siphash *s, int count)
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

static void absorb(struct siphash *s, uint64_t m)
{
    s->v3 ^= m;
    rounds(s, 2);
    s->v0 ^= m;
}

struct siphash_key siphash_key(const uint8_t seed[16])
{
    return (struct siphash_key){.k0 = word(seed, 8), .k1 = word(seed + 8, 8)};
}

struct siphash siphash_begin(struct siphash_key key)
{
    return (struct siphash){.v0 = key.k0 ^ UINT64_C(0x736f6d6570736575),
                            .v1 = key.k1 ^ UINT64_C(0x646f72616e646f6d),
                            .v2 = key.k0 ^ UINT64_C(0x6c7967656e657261),
                            .v3 = key.k1 ^ UINT64_C(0x7465646279746573)};
}

/* One byte towards the next word. */
static void add_byte(struct siphash *s, uint8_t byte)
{
    s->tail |= (uint64_t)byte << (8 * (s->size & 7));
    s->size++;
    if ((s->size & 7) == 0) {
        absorb(s, s->tail);
        s->tail = 0;
    }
}

void siphash_add(struct siphash *s, const void *data, size_t size)
{
    const uint8_t *at = data;
    const uint8_t *end = at + size;

    while (at < end && (s->size & 7) != 0)
        add_byte(s, *at++);
    for (; end - at >= 8; at += 8, s->size += 8)
        absorb(s, word(at, 8));
    while (at < end)
        add_byte(s, *at++);
}

uint64_t siphash_end(struct siphash *s)
{
    absorb(s, (uint64_t)s->size << 56 | s->tail);
    s->v2 ^= 0xff;
    rounds(s, 4);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t siphash(struct siphash_key key, const void *data, size_t size)
{
    struct siphash s = siphash_begin(key);

    siphash_add(&s, data, size);
    return siphash_end(&s);
}
