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
    KIND_PATTERN,
    KIND_LISTEN, /* a list: each line adds one */
    KIND_CLASS,  /* a list: each line adds one */
    KIND_WHO,    /* a list: each line adds some */
    KIND_PROFILE
};

struct config_rule {
    enum config_kind kind;
    size_t offset;           /* of the value in what the section is about, see key_section_find() */
    uint64_t min, max;       /* of numbers, sizes and durations; max: bytes of a text */
    bool or_off;             /* 0 is allowed beside them, and means: not at all */
    bool single;             /* it is for one [function LABEL], not for [function *] */
    enum config_right right; /* that the list is about */
    const char *excludes;    /* a key that cannot stand in the same section */
};

/* Bytes of a section's name with its NUL, whatever a label may be. */
enum { KEY_SECTION_NAME_MAX = sizeof "function " + CONFIG_NAME_MAX };

/* A section as written in a file. */
struct key_section {
    const char *kind; /* what config_keys() calls it */
    size_t values;    /* where its part of `struct config` begins */
    size_t index;     /* in config_given */
};

/* The sections in config_given: pools follow KEY_SECTION_POOLS in the order of enum config_pool_id,
 * functions KEY_SECTION_FUNCTIONS in that of `struct config`. */
enum {
    KEY_SECTION_SERVER,
    KEY_SECTION_LIMITS,
    KEY_SECTION_EVERY_FUNCTION,
    KEY_SECTION_ACCESS,
    KEY_SECTION_POOLS,
    KEY_SECTION_FUNCTIONS = KEY_SECTION_POOLS + CONFIG_POOLS
};

/* Finds the section `name`; false if there is none, or none yet of that function. */
bool key_section_find(const struct config *config, const char *name, struct key_section *section);

/* The label in the name of a section of a single function; NULL for other sections. */
const char *key_section_label(const char *name);

/* Returns the key of that name in sections of that kind, or NULL. */
const struct config_key_info *key_find(const char *section_kind, const char *key);

/* The place of a key in config_given: below CONFIG_KEYS_MAX. */
size_t key_index(const struct config_key_info *key);

/* True if such a section can have the key. */
bool key_belongs(const struct config_key_info *key, const struct key_section *section);

/* True for keys of which each line adds one. */
bool key_is_list(const struct config_key_info *key);

#endif
