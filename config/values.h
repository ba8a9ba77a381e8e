#ifndef VALUES_H
#define VALUES_H

/*
 * One value as text, and what it says. Pure functions: no table of keys, no range of any key. Each
 * returns false for what is no such value at all, and then leaves its target alone. Nothing is
 * skipped over: no blanks, no sign, no decimals. A number too large for 64 bits is the largest one,
 * which is above every limit there is.
 */
#include <stdbool.h>
#include <stdint.h>

enum {
    VALUE_HOST_MAX = 180 /* bytes of the host in an address: what a line of the file can hold */
};

/* "42" */
bool value_count(const char *text, uint64_t *count);

/* "100", "64K", "1M", "2G": bytes, units of 1024. */
bool value_size(const char *text, uint64_t *bytes);

/* "250us", "10ms", "30s", "5m", "2h"; of the bare numbers only "0". */
bool value_duration(const char *text, uint64_t *us);

/* "25" or "25%" */
bool value_percent(const char *text, uint64_t *percent);

/* Permission bits in octal: "0660", "660". */
bool value_mode(const char *text, uint64_t *mode);

/* A word out of a list that ends with a NULL word. */
struct value_word {
    const char *word;
    int value;
};

bool value_word(const char *text, const struct value_word *words, int *value);

/* A path that a line of the file can hold as it is: not empty, no control characters, and no `;`
 * where it would begin a comment. */
bool value_path(const char *text);

/* The name of a user or group: letters, digits and `. _ - $`. */
bool value_name(const char *text);

/* The name of a node: printable ASCII without blanks, `:` and `;`. */
bool value_node(const char *text);

/* The beginning of a job handle: printable ASCII without blanks, and no `;` where it would begin a
 * comment. */
bool value_prefix(const char *text);

/* A pattern of function names, see config_pattern_read(), that a line of the file can hold as it is. */
bool value_pattern(const char *text);

/* HOST:PORT, where HOST is a name, an IPv4 address or an IPv6 address in brackets, and PORT is 1 to
 * 65535. Nothing is looked up. */
bool value_address(const char *text);

#endif
