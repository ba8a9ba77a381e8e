#include "pattern.h"

#include <stddef.h>
#include <string.h>

enum { NOTHING = -1 };

/* What a backslash and one byte stand for. */
static const struct {
    char letter;
    char byte;
} escapes[] = {{'a', '\a'}, {'b', '\b'}, {'f', '\f'},  {'n', '\n'}, {'r', '\r'},
               {'t', '\t'}, {'v', '\v'}, {'\\', '\\'}, {'"', '"'},  {'\'', '\''},
               {'*', '*'},  {'?', '?'},  {':', ':'},   {',', ','}};

/* The value of a digit of `base`, or NOTHING. */
static int digit_of(char letter, int base)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = letter ? strchr(digits, letter) : NULL;
    int value = at ? (int)(at - digits) % 16 : NOTHING;

    return value < base ? value : NOTHING;
}

/* Takes at most `most` digits of `base` off the text. Returns their value, or NOTHING for fewer than
 * `least`, NUL, and what is no byte. */
static int take_code(const char **text, int base, int least, int most)
{
    int code = 0, count = 0;

    for (; count < most && digit_of(**text, base) != NOTHING; count++)
        code = base * code + digit_of(*(*text)++, base);
    return count >= least && code > 0 && code <= UINT8_MAX ? code : NOTHING;
}

/* Takes what follows a backslash off the text. Returns the byte it stands for, or NOTHING. */
static int take_escape(const char **text)
{
    char letter = **text;

    if (digit_of(letter, 8) != NOTHING)
        return take_code(text, 8, 1, 3);
    if (letter != '\0')
        ++*text;
    if (letter == 'x')
        return take_code(text, 16, 2, 2);
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        if (escapes[i].letter == letter)
            return (unsigned char)escapes[i].byte;
    }
    return NOTHING;
}

/* Takes one item off the text, which is not at its end. */
static int take_item(const char **text)
{
    char letter = *(*text)++;

    switch (letter) {
    case '*':
        return CONFIG_ANY_BYTES;
    case '?':
        return CONFIG_ANY_BYTE;
    case '\\':
        return take_escape(text);
    default:
        return (unsigned char)letter;
    }
}

bool config_pattern_read(struct config_pattern *pattern, const char *text)
{
    pattern->size = 0;
    while (*text != '\0') {
        int item = take_item(&text);

        if (item == NOTHING || pattern->size == CONFIG_PATTERN_MAX)
            return false;
        pattern->items[pattern->size++] = (uint16_t)item;
    }
    return pattern->size > 0;
}

bool config_pattern_is_name(const struct config_pattern *pattern)
{
    for (size_t i = 0; i < pattern->size; i++) {
        if (pattern->items[i] > UINT8_MAX)
            return false;
    }
    return true;
}

bool pattern_equals(const struct config_pattern *a, const struct config_pattern *b)
{
    return a->size == b->size && memcmp(a->items, b->items, a->size * sizeof a->items[0]) == 0;
}

/* Byte by byte; where that fails behind a `*`, the last such takes one byte more. */
bool pattern_covers(const struct config_pattern *pattern, const struct config_pattern *name)
{
    size_t item = 0, byte = 0, behind_star = 0, starred = 0;

    while (byte < name->size) {
        uint16_t wanted = item < pattern->size ? pattern->items[item] : 0;

        if (wanted == CONFIG_ANY_BYTES) {
            behind_star = ++item;
            starred = byte;
        } else if (wanted == CONFIG_ANY_BYTE || wanted == name->items[byte]) {
            item++;
            byte++;
        } else if (behind_star > 0) {
            item = behind_star;
            byte = ++starred;
        } else {
            return false;
        }
    }
    while (item < pattern->size && pattern->items[item] == CONFIG_ANY_BYTES)
        item++;
    return item == pattern->size;
}
