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
    KIND_LOG_LEVEL,
    KIND_WANT,
    KIND_PATH,
    KIND_GROUP,
    KIND_NODE,
    KIND_LISTEN, /* a list: each line adds one */
    KIND_CLASS,  /* a list: each line adds one */
    KIND_PROFILE
};

struct config_rule {
    enum config_kind kind;
    size_t offset;        /* of the value in what the section is about, see key_section_find() */
    uint64_t min, max;    /* of numbers, sizes and durations */
    bool or_off;          /* 0 is allowed beside them, and means: not at all */
    const char *excludes; /* a key that cannot stand in the same section */
};

/* A section as written in a file. */
struct key_section {
    const char *kind; /* what config_keys() calls it */
    void *values;     /* config_server, config_limits or pmad_layout; NULL if it only comes later */
    size_t index;     /* in config_given; of pools KEY_SECTION_POOLS + enum config_pool_id */
};

enum { KEY_SECTION_SERVER, KEY_SECTION_LIMITS, KEY_SECTION_POOLS };

/* Finds the section `name` and what of `config` it is about; false if there is no such section. */
bool key_section_find(struct config *config, const char *name, struct key_section *section);

/* Returns the key of that name in sections of that kind, or NULL. */
const struct config_key_info *key_find(const char *section_kind, const char *key);

/* The bit of a key in config_given. */
uint64_t key_bit(const struct config_key_info *key);

/* True for keys of which each line adds one. */
bool key_is_list(const struct config_key_info *key);

#endif
