#ifndef TEXT_H
#define TEXT_H

/* Text that grows in a buffer of fixed size: what finds no room is cut off, and the end is always
 * a NUL. So nothing that is printed, logged or told to the service manager needs memory. */
#include <stdarg.h>
#include <stddef.h>

struct text {
    char *bytes;
    size_t room; /* bytes of the buffer, 1 or more */
    size_t used; /* of them, without the NUL; below `room` */
};

/* An empty text in `room` bytes of the caller's. */
struct text text_in(char *bytes, size_t room);

/* Adds what printf(3) would print. */
void text_put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_put_list(struct text *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#endif
