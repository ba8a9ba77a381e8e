#ifndef ADMIN_FIXTURE_H
#define ADMIN_FIXTURE_H

/* What the tests of administrative lines share: a line, and its answer to the last byte. */
#include "gearman_fixture.h"

enum { LONGEST = 128 /* of a function's name, and of what is repeated of a word */ };

/* The next message is this line, its end included. */
static inline void hears_bytes(struct remote *remote, const char *expected)
{
    struct heard_frame frame;

    ck_assert_msg(hear_frame(remote, &frame) && frame.is_line, "heard nothing, or no line");
    ck_assert_msg(
        frame.size + 1 == strlen(expected) && memcmp(frame.bytes, expected, frame.size + 1) == 0,
        "heard \"%.*s\" instead of \"%s\"", (int)frame.size, (const char *)frame.bytes, expected);
}

/* It says the line, and hears this and nothing else. */
static inline void answers(struct remote *admin, const char *line, const char *expected)
{
    say_line(admin, line);
    hears_bytes(admin, expected);
    HEARS_NOTHING(admin);
}

static inline void is_ok(struct remote *admin, const char *line)
{
    answers(admin, line, "OK\r\n");
}

/* It says the line and hears rows, LF between, up to and with the full stop; an empty row is one, too. */
static inline const char *listing_of(struct remote *admin, const char *line)
{
    static char rows[EXACT_MAX];
    struct heard_frame frame;
    size_t used = 0;

    say_line(admin, line);
    while (hear_frame(admin, &frame) && frame.is_line) {
        bool is_last = frame.size == 1 && frame.bytes[0] == '.';

        used += (size_t)snprintf(rows + used, sizeof rows - used, "%.*s%s", (int)frame.size,
                                 (const char *)frame.bytes, is_last ? "" : "\n");
        ck_assert_uint_lt(used, sizeof rows);
        if (is_last)
            return rows;
    }
    return "";
}

/* These are the rows, LF between, the full stop behind them. */
#define LISTS(admin, line, expected) ck_assert_str_eq(listing_of(admin, line), expected)

#endif
