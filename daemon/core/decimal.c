#include "decimal.h"

#include <string.h>

bool decimal_read(struct gm_slice text, uint64_t *number)
{
    enum { SAFE = 19 /* digits that no number of 64 bits is too small for */ };
    size_t safe = text.size < SAFE ? text.size : SAFE;

    *number = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint64_t digit = (uint64_t)text.bytes[i] - '0';

        if (digit > 9 || (i >= safe && *number > (UINT64_MAX - digit) / 10))
            return false;
        *number = *number * 10 + digit;
    }
    return text.size > 0;
}

/* 1233 / 4096 is the logarithm of 2 to the base of 10, near enough for 64 bits; one too many is seen. */
size_t decimal_size(uint64_t number)
{
    static const uint64_t powers[] = {
        0,
        10,
        100,
        1000,
        10000,
        100000,
        1000000,
        10000000,
        100000000,
        1000000000,
        10000000000,
        100000000000,
        1000000000000,
        10000000000000,
        100000000000000,
        1000000000000000,
        10000000000000000,
        100000000000000000,
        1000000000000000000,
        UINT64_C(10000000000000000000),
    };
    size_t about = (size_t)(64 - __builtin_clzll(number | 1)) * 1233 >> 12;

    return about + (number >= powers[about]);
}

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

enum { EIGHT_DIGITS = 100000000 };

/* Eight digits, two at a time, whose divisions do not wait for each other. */
static void write_eight(uint8_t *into, uint32_t number)
{
    uint32_t high = number / 10000;
    uint32_t low = number % 10000;

    memcpy(into, pairs + (size_t)2 * (high / 100), 2);
    memcpy(into + 2, pairs + (size_t)2 * (high % 100), 2);
    memcpy(into + 4, pairs + (size_t)2 * (low / 100), 2);
    memcpy(into + 6, pairs + (size_t)2 * (low % 100), 2);
}

void decimal_write_fixed(uint8_t *into, uint64_t number)
{
    write_eight(into, (uint32_t)(number / EIGHT_DIGITS % EIGHT_DIGITS));
    write_eight(into + 8, (uint32_t)(number % EIGHT_DIGITS));
}

/* Eight digits in one word, the first of them in its lowest byte: pairs become numbers below 100, these
 * pairs below 10,000, and those one below 100,000,000; false when one is no digit. */
static bool read_eight(const uint8_t *from, uint64_t *number)
{
    const uint64_t each = 0x0101010101010101; /* byte */
    uint64_t word;

    memcpy(&word, from, sizeof word);
    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        word = __builtin_bswap64(word);
    /* '0' to '9' are 0x30 to 0x39; six more than any other low half is above 15. */
    if ((word & 0xf0 * each) != 0x30 * each || ((word + 0x06 * each) & 0xf0 * each) != 0x30 * each)
        return false;
    word -= '0' * each;
    word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ff;
    word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffff;
    *number = (word * 10000 + (word >> 32)) & 0xffffffff;
    return true;
}

bool decimal_read_fixed(const uint8_t *from, uint64_t *number)
{
    uint64_t high, low;

    if (!read_eight(from, &high) || !read_eight(from + 8, &low))
        return false;
    *number = high * EIGHT_DIGITS + low;
    return true;
}

/* By hand: it is part of every frame about a task, and of every row of a listing. */
size_t decimal_write(uint8_t *into, uint64_t number)
{
    size_t size = decimal_size(number);
    uint8_t *at = into + size;

    for (; number >= EIGHT_DIGITS; number /= EIGHT_DIGITS)
        write_eight(at -= 8, (uint32_t)(number % EIGHT_DIGITS));
    for (; number >= 100; number /= 100)
        memcpy(at -= 2, pairs + 2 * (number % 100), 2);
    if (number >= 10)
        memcpy(at - 2, pairs + 2 * number, 2);
    else
        at[-1] = (uint8_t)('0' + number);
    return size;
}
