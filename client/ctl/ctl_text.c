#include "ctl_text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* Reads digits; returns what follows them, NULL if there are none or too many. */
static const char *read_digits(const char *text, uint64_t *number)
{
    const char *at = text;

    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (*number > (UINT64_MAX - 9) / 10)
            return NULL;
        *number = *number * 10 + (uint64_t)(*at - '0');
    }
    return at == text ? NULL : at;
}

bool ctl_duration(const char *text, int *ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    uint64_t number;
    const char *unit = read_digits(text, &number);

    for (size_t i = 0; unit != NULL && i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].unit) == 0 && number > 0 && number <= INT_MAX / units[i].ms) {
            *ms = (int)(number * units[i].ms);
            return true;
        }
    }
    return false;
}

bool ctl_seconds(const char *text, double *seconds)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
    uint64_t number;
    const char *unit = read_digits(text, &number);

    for (size_t i = 0; unit != NULL && i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].unit) == 0) {
            *seconds = (double)number * units[i].seconds;
            return true;
        }
    }
    return false;
}

bool ctl_size(const char *text, size_t max, size_t *size)
{
    static const char units[] = "KMG";
    uint64_t number;
    const char *unit = read_digits(text, &number);
    const char *found = unit != NULL && unit[0] != '\0' ? strchr(units, unit[0]) : NULL;
    unsigned shift = found != NULL ? 10 * ((unsigned)(found - units) + 1) : 0;

    if (unit == NULL || (unit[0] != '\0' && (found == NULL || unit[1] != '\0')))
        return false;
    *size = (size_t)number << shift;
    return number <= max >> shift;
}

bool ctl_count(const char *text, uint64_t min, uint64_t max, uint64_t *count)
{
    const char *end = read_digits(text, count);

    return end != NULL && *end == '\0' && *count >= min && *count <= max;
}

bool ctl_is_name(const char *text)
{
    size_t size = strlen(text);

    return size > 0 && size <= CTL_NAME_BYTES && strpbrk(text, "\r\n\t ") == NULL;
}

char *ctl_human_size(char into[CTL_SIZE_TEXT], uint64_t bytes)
{
    static const char units[] = "KMGT";
    uint64_t unit = 1024;
    size_t i = 0;

    if (bytes < unit) {
        (void)snprintf(into, CTL_SIZE_TEXT, "%" PRIu64, bytes);
        return into;
    }
    for (; i + 2 < sizeof units && bytes / 1024 >= unit; i++)
        unit *= 1024;
    if (bytes % unit == 0)
        (void)snprintf(into, CTL_SIZE_TEXT, "%" PRIu64 "%c", bytes / unit, units[i]);
    else
        (void)snprintf(into, CTL_SIZE_TEXT, "%.1f%c", (double)bytes / (double)unit, units[i]);
    return into;
}

/* The bytes of the valid UTF-8 character at the beginning of a C string; 0 if there is none. */
static size_t character_size(const unsigned char *text)
{
    /* By its first byte: how long, and what the second may be, so that nothing is written longer
     * than need be, no surrogate, nothing above U+10FFFF. */
    static const struct {
        unsigned char first, last, size, second_min, second_max;
    } forms[] = {
        {0x01, 0x7F, 1, 0, 0},       {0xC2, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF},
        {0xE1, 0xEC, 3, 0x80, 0xBF}, {0xED, 0xED, 3, 0x80, 0x9F}, {0xEE, 0xEF, 3, 0x80, 0xBF},
        {0xF0, 0xF0, 4, 0x90, 0xBF}, {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F},
    };

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (text[0] < forms[i].first || text[0] > forms[i].last)
            continue;
        if (forms[i].size > 1 && (text[1] < forms[i].second_min || text[1] > forms[i].second_max))
            return 0;
        for (size_t at = 2; at < forms[i].size; at++)
            if ((text[at] & 0xC0) != 0x80)
                return 0;
        return forms[i].size;
    }
    return 0;
}

/* C0, DEL, and C1 as UTF-8 writes it: what a terminal might obey. */
static bool is_control(const unsigned char *text)
{
    return text[0] < ' ' || text[0] == 0x7F || (text[0] == 0xC2 && text[1] < 0xA0);
}

char *ctl_repair(const char *text, bool with_controls)
{
    const unsigned char *from = (const unsigned char *)text;
    char *repaired = malloc(strlen(text) * (sizeof replacement - 1) + 1);
    char *into = repaired;

    if (repaired == NULL)
        return NULL;
    while (*from != '\0') {
        size_t size = character_size(from);

        if (size == 0 || (!with_controls && is_control(from))) {
            memcpy(into, replacement, sizeof replacement - 1);
            into += sizeof replacement - 1;
            from += size > 0 ? size : 1;
        } else {
            memcpy(into, from, size);
            into += size;
            from += size;
        }
    }
    *into = '\0';
    return repaired;
}

size_t ctl_width(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}
