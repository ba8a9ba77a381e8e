#ifndef HEAP_H
#define HEAP_H

/*
 * What the tests' own side of things needs of the heap: a buffer that grows, and one way to fail.
 * The core never sees any of this.
 */
#include <stddef.h>
#include <stdint.h>

/* Bytes in the order in which they came; all zero is an empty one. */
struct bytes {
    uint8_t *at; /* the first that has not been forgotten */
    size_t size;
    uint8_t *base; /* what was taken from the heap, and how much */
    size_t room;
};

/* Returns zeroed memory, always: a test that finds none has failed. */
void *heap_take(size_t size);

void bytes_add(struct bytes *bytes, const void *from, size_t size);

/* Makes room for `size` more bytes and returns where they go; they count at once. */
uint8_t *bytes_extend(struct bytes *bytes, size_t size);

/* Forgets the first `size` bytes. */
void bytes_drop(struct bytes *bytes, size_t size);

/* Gives the memory back; the buffer is empty again. */
void bytes_free(struct bytes *bytes);

/*
 * A finding of the driver itself: something the core promised in a header does not hold. Calls
 * `*driver_failed` with a sentence; as it comes, that prints the sentence and aborts.
 */
extern void (*driver_failed)(const char *finding);

void driver_expect(int holds, const char *finding);

#endif
