#ifndef FAIL_H
#define FAIL_H

/* A measurement that cannot go on has nobody to hand an error to: it says what is wrong and ends. */
#include <stddef.h>

/* Writes "PROGRAM: " and the message as a line to stderr, and ends with EXIT_FAILURE. */
_Noreturn __attribute__((format(printf, 1, 2))) void fail(const char *format, ...);

/* calloc() that does not return NULL. */
void *must_calloc(size_t count, size_t size);

#endif
