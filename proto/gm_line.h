#ifndef GM_LINE_H
#define GM_LINE_H

/*
 * The administrative protocol: text lines up to LF, a CR before it dropped, words between spaces. A
 * TAB is a byte like any other: Perl's clients have one in the names of their functions. A message whose first byte is not 0 is such a line.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gm_frame.h"

enum { GM_WORDS_MAX = 8 };

struct gm_line {
    size_t line_size; /* bytes of the whole line in the input, LF included */
    size_t word_count;
    bool surplus; /* there are more words than GM_WORDS_MAX; the rest was not looked at */
    struct gm_slice words[GM_WORDS_MAX];
};

enum gm_line_decode {
    GM_LINE,           /* `line` has its words, which point into `bytes`; a blank line has none */
    GM_LINE_NEED_MORE, /* no LF yet */
    GM_LINE_TOO_LONG   /* no LF within `line_max` bytes */
};

/* Looks for a line at the beginning of `size` bytes. `line_max` counts all bytes of a line, its LF
 * included. */
enum gm_line_decode gm_line_decode(struct gm_line *line, const uint8_t *bytes, size_t size,
                                   size_t line_max);

/* True when `word` is `text` in whatever letter case (ASCII). */
bool gm_word_is(struct gm_slice word, const char *text);

#endif
