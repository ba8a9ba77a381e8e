#ifndef CTL_TEXT_H
#define CTL_TEXT_H

/*
 * Text that people write and read: durations, sizes, and names of which nobody knows whether they
 * are text at all.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CTL_SIZE_TEXT = 24, CTL_NAME_BYTES = 256 };

/* "500ms", "10s", "5m", "2h", and "0"; at least 1 ms and at most INT_MAX ms. False for anything
 * else. */
bool ctl_duration(const char *text, int *ms);

/* Decimal digits, nothing else, from `min` to `max`. */
bool ctl_count(const char *text, uint64_t min, uint64_t max, uint64_t *count);

/* "50us", "20ms", "10s", "5m", "2h": a whole number with its unit; in seconds. */
bool ctl_seconds(const char *text, double *seconds);

/* "200", "4K", "1M", "1G": bytes, up to `max`. */
bool ctl_size(const char *text, size_t max, size_t *size);

/* True for the name of a function that a line of text can have in it: one word of at most CTL_NAME_BYTES. */
bool ctl_is_name(const char *text);

/* 192, 64K, 1.5M: units of 1024. Returns `into`. */
char *ctl_human_size(char into[CTL_SIZE_TEXT], uint64_t bytes);

/* A copy in valid UTF-8, to be freed: what is not valid, and control characters where they are not
 * wanted, becomes U+FFFD. NULL without memory. */
char *ctl_repair(const char *text, bool with_controls);

/* The characters of valid UTF-8. */
size_t ctl_width(const char *text);

#endif
