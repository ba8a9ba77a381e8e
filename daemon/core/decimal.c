#include "decimal.h"

#include <string.h>

bool decimal_read(struct gm_slice text, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint64_t digit = (uint64_t)text.bytes[i] - '0';

        if (digit > 9 || *number > (UINT64_MAX - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return text.size > 0;
}

/* By hand: it is part of every frame about a task, and of every row of a listing. */
size_t decimal_write(uint8_t *into, uint64_t number)
{
    uint8_t digits[DECIMAL_MAX];
    size_t first = sizeof digits;

    do {
        digits[--first] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(into, digits + first, sizeof digits - first);
    return sizeof digits - first;
}
