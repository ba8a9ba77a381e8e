#include "row_text.h"

#include <string.h>

#include "decimal.h"
#include "percent.h"

void row_put_bytes(struct row_text *text, const void *bytes, size_t size)
{
    if (text->writes && size > 0)
        body_write(&text->cursor, bytes, size);
    text->size += size;
}

void row_put(struct row_text *text, const char *string)
{
    row_put_bytes(text, string, strlen(string));
}

void row_put_number(struct row_text *text, uint64_t number)
{
    uint8_t digits[DECIMAL_MAX];

    row_put_bytes(text, digits, decimal_write(digits, number));
}

void row_put_column(struct row_text *text, uint64_t number)
{
    row_put(text, "\t");
    row_put_number(text, number);
}

static bool ends_a_line(uint8_t byte)
{
    return byte == '\n' || byte == '\r';
}

void row_put_foreign(struct row_text *text, const uint8_t *bytes, size_t size)
{
    size_t from = 0;

    for (size_t i = 0; i < size; i++) {
        if (!ends_a_line(bytes[i]))
            continue;
        row_put_bytes(text, bytes + from, i - from);
        row_put(text, "?");
        from = i + 1;
    }
    row_put_bytes(text, bytes + from, size - from);
}

void row_put_encoded(struct row_text *text, struct gm_slice name)
{
    enum { PART = 32 };
    char encoded[3 * PART];

    for (size_t at = 0; at < name.size; at += PART) {
        size_t left = name.size - at;
        struct gm_slice part = {name.bytes + at, left < PART ? left : PART};

        row_put_bytes(text, encoded, percent_encode(part, encoded));
    }
}
