#include "percent.h"

#include <stdbool.h>
#include <string.h>

static bool is_plain(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != 0 && strchr("-._~:/", c));
}

size_t percent_encode(struct gm_slice name, char *into)
{
    static const char digits[] = "0123456789ABCDEF";
    char *at = into;

    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.bytes[i];

        if (is_plain(c)) {
            *at++ = (char)c;
        } else {
            *at++ = '%';
            *at++ = digits[c >> 4];
            *at++ = digits[c & 15];
        }
    }
    return (size_t)(at - into);
}
