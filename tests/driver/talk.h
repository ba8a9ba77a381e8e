#ifndef TALK_H
#define TALK_H

/*
 * Frames as text, so that a test reads like a conversation:
 *
 *     say(client, "SUBMIT_JOB reverse|u1|hello");
 *     ck_assert_str_eq(hear(client), text("JOB_CREATED %s", handle));
 *
 * A frame is its packet's name, a blank, and its bytes: `|` stands for a NUL, \xNN for a byte that
 * is not printable. A line of the administrative protocol is itself, without its LF. This is a codec
 * of its own: it shares only the table of names with the one under test.
 */
#include <stdarg.h>

#include "rig.h"

/* A whole frame that somebody heard; `bytes` are good until he hears the next. */
struct heard_frame {
    bool is_line;
    uint32_t type; /* enum gm_type; 0 for a line */
    const uint8_t *bytes;
    size_t size;
};

/* Formats into one of a few buffers, used in turn. */
const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One frame, given as text; post_ leaves the turn to the caller. */
void post(struct remote *remote, const char *format, ...) __attribute__((format(printf, 2, 3)));
void say(struct remote *remote, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with `size` bytes of data behind the text. */
void post_data(struct remote *remote, const char *frame, const void *data, size_t size);
void say_data(struct remote *remote, const char *frame, const void *data, size_t size);

/* A header of whatever kind: magic as text ('|' a NUL), type, announced size. */
void post_header(struct remote *remote, const char *magic, uint32_t type, uint32_t size);

/* An administrative line; the LF is added. */
void say_line(struct remote *remote, const char *line);

/* The next whole message this remote was told, as text; "" when there is none, and "..." at the end
 * of what is too long to be shown. */
const char *hear(struct remote *remote);

/* The same as it is; false when there is none. */
bool hear_frame(struct remote *remote, struct heard_frame *frame);

/* All messages that are there, forgotten; returns how many. */
size_t hear_out(struct remote *remote);

/* The lines of a listing up to and with the one that is `.`, LF between; good until the next
 * listing. */
const char *hear_listing(struct remote *remote);

#endif
