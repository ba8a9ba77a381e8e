#ifndef VECTOR_H
#define VECTOR_H

/*
 * Wire vectors: the conversations in the files of tests/vectors, read for tests. README.md there is
 * the format. A vector is a list of steps; the bytes of a step have holes where a value goes that the
 * server chooses, and values are learned from what the server says.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap.h"

enum {
    VECTOR_HOLES = 12,  /* in the bytes of one step */
    VECTOR_PEERS = 6,   /* in one vector */
    VECTOR_VALUES = 12, /* likewise */
    VECTOR_WORD = 32,   /* bytes of the name of a peer or a value, NUL included */
    VECTOR_VALUE = 128  /* bytes of a value */
};

enum vector_verb {
    VECTOR_SENDS,
    VECTOR_HEARS,  /* its next message is this */
    VECTOR_FINDS,  /* this is one of its next lines */
    VECTOR_LEAVES, /* it closes the connection */
    VECTOR_CLOSED, /* the server has closed it */
    VECTOR_NOTHING /* it has no next message */
};

/* Where the value of a variable goes, or is counted: the 32 bits there grow by its size. */
struct vector_hole {
    size_t at; /* bytes of the step ahead of it */
    size_t value;
    bool counts;
};

struct vector_wire {
    struct bytes bytes; /* without the values */
    size_t hole_count;
    struct vector_hole holes[VECTOR_HOLES]; /* in their order */
};

struct vector_step {
    enum vector_verb verb;
    size_t peer;
    unsigned line;
    uint32_t type; /* enum gm_type; 0: not given as a packet */
    struct vector_wire wire;
};

struct vector {
    char *name; /* a sentence */
    const char *file;
    unsigned line;
    size_t peer_count, value_count, step_count;
    char peers[VECTOR_PEERS][VECTOR_WORD];
    char values[VECTOR_VALUES][VECTOR_WORD];
    struct vector_step *steps;
};

struct vectors {
    struct vector *at;
    size_t count;
    char **files; /* their names */
    size_t file_count;
};

/* What the variables of one vector are; all zero: nothing is known yet. */
struct vector_values {
    size_t sizes[VECTOR_VALUES]; /* 0: not known */
    uint8_t bytes[VECTOR_VALUES][VECTOR_VALUE];
};

/* Reads all files NAME.vectors of a directory, in the order of their names. What does not hold to the
 * format, or has bytes other than its text says, fails the test with file and line. */
void vectors_read(struct vectors *vectors, const char *directory);

void vectors_free(struct vectors *vectors);

/* Puts the bytes of a step into `into`, which comes empty. All its values must be known. */
void vector_step_bytes(const struct vector_step *step, const struct vector_values *values,
                       struct bytes *into);

/* True if `message` is what the step says: values that were not known are then. On false `values` is
 * as it was. */
bool vector_step_is(const struct vector_step *step, struct vector_values *values,
                    const uint8_t *message, size_t size);

/* Gives every value of a vector that is not known the same one. */
void vector_values_fill(const struct vector *vector, struct vector_values *values,
                        const char *value);

#endif
