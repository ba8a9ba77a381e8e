#ifndef DECIMAL_H
#define DECIMAL_H

/* Numbers as the wire has them: in decimal digits. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gm_frame.h"

enum { DECIMAL_MAX = 20 /* digits of the largest number */ };

/* Reads a number in digits and nothing else, at most UINT64_MAX; false: it is not one. */
bool decimal_read(struct gm_slice text, uint64_t *number);

/* Writes it, DECIMAL_MAX bytes at most and no NUL; returns how many. */
size_t decimal_write(uint8_t *into, uint64_t number);

/* How many digits it has. */
size_t decimal_size(uint64_t number);

/* The same for numbers of exactly DECIMAL_FIXED digits, leading zeros among them, which is faster: reads
 * as many bytes, false when one is no digit; writes the last so many digits of the number. */
enum { DECIMAL_FIXED = 16 };
bool decimal_read_fixed(const uint8_t *from, uint64_t *number);
void decimal_write_fixed(uint8_t *into, uint64_t number);

#endif
