#ifndef INI_TEXT_H
#define INI_TEXT_H

/*
 * An INI text, line by line. inih does the parsing; what it would let pass without a word is judged
 * here first, and inih is given only lines that it and we read alike. Of an INI text this takes:
 *
 *     [section]              alone in its line, but for a comment
 *     key = value            `;` behind a blank begins a comment
 *     ; comment              or #
 *
 * and refuses: indented lines (inih would append them to the value before), lines longer than it
 * reads in one piece, section names longer than it keeps, `key: value`, text behind a section's
 * bracket, NUL and other control characters. CRLF and a byte order mark are taken as they come.
 */
#include <stdbool.h>
#include <stddef.h>

enum {
    INI_TEXT_LINE_MAX = 198,        /* bytes of a line without its end */
    INI_TEXT_SECTION_MAX = 49,      /* bytes of a section's name */
    INI_TEXT_FILE_MAX = 1024 * 1024 /* bytes of a file */
};

/* Who is told what the text says, in the order of its lines, counted from 1. Keys behind a section
 * line that could not be read are not told: nobody knows whose they are. */
struct ini_listener {
    void *user;
    void (*section)(void *user, size_t line, const char *name);
    /* `section` is empty before the first one. */
    void (*value)(void *user, size_t line, const char *section, const char *key, const char *value);
    void (*fault)(void *user, size_t line, const char *what);
};

/* Reads a file. Returns 0, or a negative errno when it could not be read to its end. */
int ini_text_read_file(const char *path, const struct ini_listener *listener);

/* Reads a NUL-terminated text. */
void ini_text_read(const char *text, const struct ini_listener *listener);

#endif
