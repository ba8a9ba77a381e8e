#include "text.h"

#include <string.h>

#include "fail.h"

size_t text_line(const uint8_t *bytes, size_t size)
{
    const uint8_t *end = memchr(bytes, '\n', size);

    return end == NULL ? 0 : (size_t)(end - bytes) + 1;
}

bool text_begins(const uint8_t *bytes, size_t size, const char *text)
{
    size_t wanted = strlen(text);

    return size >= wanted && memcmp(bytes, text, wanted) == 0;
}

size_t text_last_number(const uint8_t *bytes, size_t line)
{
    size_t end = line, number = 0, factor = 1;

    while (end > 0 && (bytes[end - 1] == '\n' || bytes[end - 1] == '\r'))
        end--;
    if (end == 0 || bytes[end - 1] < '0' || bytes[end - 1] > '9')
        return SIZE_MAX;
    for (; end > 0 && bytes[end - 1] >= '0' && bytes[end - 1] <= '9'; factor *= 10)
        number += (size_t)(bytes[--end] - '0') * factor;
    return number;
}

const uint8_t *text_word(const uint8_t *bytes, size_t line, unsigned index, size_t *size)
{
    size_t at = 0;

    for (;;) {
        size_t begin = at;

        while (at < line && bytes[at] != ' ' && bytes[at] != '\r' && bytes[at] != '\n')
            at++;
        *size = at - begin;
        if (index-- == 0 && *size > 0)
            return bytes + begin;
        if (at == line || bytes[at] != ' ')
            fail("the server sent too short a line: %.*s", (int)line, (const char *)bytes);
        at++;
    }
}
