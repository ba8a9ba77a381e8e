#include "values.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

enum { FORMAT_ROOM = 24 }; /* bytes that the targets of config_format_*() have, see config.h */

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct unit {
    const char *name;
    uint64_t factor;
};

/* Largest first, so that formatting takes the first one that divides. */
static const struct unit size_units[] = {
    {"G", UINT64_C(1) << 30}, {"M", UINT64_C(1) << 20}, {"K", 1024}, {"", 1}, {NULL, 0}};

static const struct unit duration_units[] = {{"h", 3600000000}, {"m", 60000000}, {"s", 1000000},
                                             {"ms", 1000},      {"us", 1},       {NULL, 0}};

static uint64_t times(uint64_t number, uint64_t factor)
{
    return number > UINT64_MAX / factor ? UINT64_MAX : number * factor;
}

/* Reads the digits at the beginning; returns what follows them, NULL when there are none. */
static const char *take_number(const char *text, uint64_t base, uint64_t *number)
{
    const char *at = text;
    uint64_t sum = 0;

    for (; *at >= '0' && *at < (char)('0' + base); at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        sum = times(sum, base);
        sum = sum > UINT64_MAX - digit ? UINT64_MAX : sum + digit;
    }
    if (at == text)
        return NULL;
    *number = sum;
    return at;
}

static bool take_scaled(const char *text, const struct unit *units, uint64_t *value)
{
    uint64_t number = 0;
    const char *name = take_number(text, 10, &number);

    if (!name)
        return false;
    for (const struct unit *unit = units; unit->name; unit++) {
        if (strcmp(name, unit->name) == 0) {
            *value = times(number, unit->factor);
            return true;
        }
    }
    return false;
}

bool value_count(const char *text, uint64_t *count)
{
    uint64_t number = 0;
    const char *rest = take_number(text, 10, &number);

    if (!rest || *rest != '\0')
        return false;
    *count = number;
    return true;
}

bool value_size(const char *text, uint64_t *bytes)
{
    return take_scaled(text, size_units, bytes);
}

bool value_duration(const char *text, uint64_t *us)
{
    if (strcmp(text, "0") == 0) {
        *us = 0;
        return true;
    }
    return take_scaled(text, duration_units, us);
}

bool value_percent(const char *text, uint64_t *percent)
{
    uint64_t number = 0;
    const char *rest = take_number(text, 10, &number);

    if (!rest || (*rest != '\0' && strcmp(rest, "%") != 0))
        return false;
    *percent = number;
    return true;
}

bool value_mode(const char *text, uint64_t *mode)
{
    uint64_t number = 0;
    const char *rest = take_number(text, 8, &number);

    if (!rest || *rest != '\0')
        return false;
    *mode = number;
    return true;
}

bool value_word(const char *text, const struct value_word *words, int *value)
{
    for (const struct value_word *word = words; word->word; word++) {
        if (strcmp(text, word->word) == 0) {
            *value = word->value;
            return true;
        }
    }
    return false;
}

bool value_path(const char *text)
{
    char before = ' '; /* a value follows a blank */

    for (const char *at = text; *at != '\0'; before = *at, at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return false;
        if (*at == ';' && before == ' ')
            return false;
    }
    return *text != '\0' && *text != ' ' && before != ' ';
}

/* True if `text` is not empty and has no byte but those of `set`. */
static bool made_of(const char *text, const char *set)
{
    return *text != '\0' && text[strspn(text, set)] == '\0';
}

bool value_name(const char *text)
{
    return made_of(text, LETTERS DIGITS "._-$");
}

bool value_prefix(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at <= ' ' || *at >= 0x7f)
            return false;
    }
    return *text != '\0' && *text != ';';
}

bool value_node(const char *text)
{
    return value_prefix(text) && text[strcspn(text, ":;")] == '\0';
}

bool value_pattern(const char *text)
{
    struct config_pattern pattern;

    return value_path(text) && config_pattern_read(&pattern, text);
}

/* True if the `size` bytes at `host` are a name or an address: in brackets, one of IPv6, which may
 * name its interface (`fe80::1%eth0`). */
static bool is_host(const char *host, size_t size)
{
    char text[VALUE_HOST_MAX + 1];

    if (size > VALUE_HOST_MAX)
        return false;
    memcpy(text, host, size);
    text[size] = '\0';
    if (text[0] != '[')
        return made_of(text, LETTERS DIGITS "._-");
    if (text[size - 1] != ']')
        return false;
    text[size - 1] = '\0';
    return strchr(text + 1, ':') && made_of(text + 1, LETTERS DIGITS ".:_-%");
}

bool value_address(const char *text)
{
    const char *colon = strrchr(text, ':');
    uint64_t port = 0;

    return colon && is_host(text, (size_t)(colon - text)) && value_count(colon + 1, &port) &&
           port >= 1 && port <= UINT16_MAX;
}

static char *format(char *into, uint64_t value, const struct unit *units)
{
    if (value == 0) {
        snprintf(into, FORMAT_ROOM, "0");
        return into;
    }
    while (value % units->factor != 0)
        units++;
    snprintf(into, FORMAT_ROOM, "%" PRIu64 "%s", value / units->factor, units->name);
    return into;
}

char *config_format_size(char *into, uint64_t bytes)
{
    return format(into, bytes, size_units);
}

char *config_format_duration(char *into, uint64_t us)
{
    return format(into, us, duration_units);
}
