#ifndef KEYS_H
#define KEYS_H

/* Which sections and keys there are, and which memory of `struct config` each one is about. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

/* What a value is; setting.c knows how each is read and written. */
enum config_kind {
    KIND_COUNT,
    KIND_SIZE,
    KIND_DURATION,
    KIND_MODE,
    KIND_TRIES, /* a number, or `unlimited`, which is 0 */
    KIND_YES,
    KIND_LOG_LEVEL,
    KIND_WANT,
    KIND_PATH,
    KIND_NAME,
    KIND_NODE,
    KIND_PREFIX,
    KIND_LISTEN, /* a list: each line adds one */
    KIND_CLASS,  /* a list: each line adds one */
    KIND_WHO,    /* a list: each line adds some */
    KIND_PROFILE
};

struct config_rule {
    enum config_kind kind;
    size_t offset;        /* of the value in what the section is about, see key_section_find() */
    uint64_t min, max;    /* of numbers, sizes and durations; max: bytes of a text */
    bool or_off;          /* 0 is allowed beside them, and means: not at all */
    const char *excludes; /* a key that cannot stand in the same section */
};

/* A section as written in a file. */
struct key_section {
    const char *kind; /* what config_keys() calls it */
    void *values;     /* its part of `struct config`; NULL if it only comes later */
    size_t index;     /* in config_given; of pools KEY_SECTION_POOLS + enum config_pool_id */
};

enum {
    KEY_SECTION_SERVER,
    KEY_SECTION_LIMITS,
    KEY_SECTION_FUNCTION,
    KEY_SECTION_ACCESS,
    KEY_SECTION_POOLS
};

/* Finds the section `name` and what of `config` it is about; false if there is no such section. */
bool key_section_find(struct config *config, const char *name, struct key_section *section);

/* Returns the key of that name in sections of that kind, or NULL. */
const struct config_key_info *key_find(const char *section_kind, const char *key);

/* The place of a key in config_given. */
size_t key_index(const struct config_key_info *key);

/* True for keys of which each line adds one. */
bool key_is_list(const struct config_key_info *key);

#endif
