#ifndef ROW_TEXT_H
#define ROW_TEXT_H

/* The text of a row, which is measured first and written afterwards, by the same calls. */
#include "store.h"

/* Where a row goes: its bytes are counted or, where it `writes`, written at the cursor as well. */
struct row_text {
    struct body_cursor cursor;
    bool writes;
    size_t size;
    /* Other things that had to be looked at, as much work as a row of nobody each. */
    size_t looked_at;
};

void row_put_bytes(struct row_text *text, const void *bytes, size_t size);
void row_put(struct row_text *text, const char *string);
void row_put_number(struct row_text *text, uint64_t number);

/* A TAB, and the number that is the next column. */
void row_put_column(struct row_text *text, uint64_t number);

/* What somebody sent us, as it is, but for the bytes that end a line. */
void row_put_foreign(struct row_text *text, const uint8_t *bytes, size_t size);

/* The same as one plain word: percent.h. */
void row_put_encoded(struct row_text *text, struct gm_slice name);

#endif
