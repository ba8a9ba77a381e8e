#ifndef TEXT_H
#define TEXT_H

/* Protocols of lines that end with CR LF. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the line at the beginning, its LF included; 0 if there is no LF. */
size_t text_line(const uint8_t *bytes, size_t size);

/* True if `size` bytes begin with `text`. */
bool text_begins(const uint8_t *bytes, size_t size, const char *text);

/* The number that the last word of a line of `line` bytes is; SIZE_MAX if it is none. */
size_t text_last_number(const uint8_t *bytes, size_t line);

/* The word with this index, counted from 0, that must be there; `*size` becomes its size. */
const uint8_t *text_word(const uint8_t *bytes, size_t line, unsigned index, size_t *size);

#endif
