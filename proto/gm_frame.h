#ifndef GM_FRAME_H
#define GM_FRAME_H

/*
 * Frames of the Gearman binary protocol: bytes to struct and back. No memory of its own, no copy,
 * no state: arguments point into the caller's bytes, and who wants to keep them copies them.
 *
 *     | 0 R E Q or 0 R E S | type, 32 bits | size, 32 bits | arguments, NUL between | data |
 *       magic                big-endian      big-endian      `size` bytes in all
 *
 * The head of a frame is its header and its arguments; its body is the data behind them. A head is
 * small and bounded, and is judged before the body has come.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gm_packet.h"

enum {
    GM_HEADER_SIZE = 12, /* bytes of magic, type and size */
    GM_HANDLE_MAX = 63,  /* bytes of a job handle */
    GM_UNIQUE_MAX = 63   /* bytes of a unique id */
};

enum gm_magic { GM_REQ, GM_RES };

/* Bytes that belong to somebody else. */
struct gm_slice {
    const uint8_t *bytes;
    size_t size;
};

struct gm_head {
    enum gm_magic magic;
    uint32_t type;                     /* as on the wire: may be no gm_type */
    const struct gm_packet *packet;    /* its row; NULL for an unknown type */
    uint32_t arg_count;                /* == packet->args; 0 for an unknown type */
    struct gm_slice args[GM_ARGS_MAX]; /* without their NULs */
    size_t head_size;                  /* bytes from the magic to the body */
    size_t body_size;                  /* bytes of the body; they follow the head */
};

enum gm_decode {
    GM_HEAD,      /* header and arguments are whole; `head` describes them and the body to come */
    GM_NEED_MORE, /* a good beginning; call again with more bytes */
    GM_BAD_MAGIC, /* not this protocol: framing is lost, close the peer; `head` says nothing */
    GM_BAD_ARGS   /* the arguments are missing, or longer than `head_max` allows: `head` has magic,
                     type and packet, no arguments; head_size is GM_HEADER_SIZE and body_size all that
                     follows, so that the frame can be answered and skipped */
};

/*
 * Looks at the `size` bytes from the beginning of a frame. On GM_HEAD the body begins
 * `head->head_size` bytes in and is `head->body_size` bytes long; how much of it is in `bytes`
 * already is the caller's business.
 *
 * `head_max` bounds the head in bytes, header included (at least GM_HEADER_SIZE + 1). With at least
 * `head_max` bytes, or the whole frame, the answer is never GM_NEED_MORE. A frame of unknown type is
 * a head without arguments, all else its body. Surplus bytes after a packet without arguments or
 * data are its body too (to be skipped). Sizes are compared unsigned; the body size is judged by the
 * caller, who knows his limit.
 */
enum gm_decode gm_head_decode(struct gm_head *head, const uint8_t *bytes, size_t size,
                              size_t head_max);

/*
 * Writes the head of a frame: magic, type, and the table's number of arguments from `args` (with a
 * NUL after each that something follows: another argument or data, even empty data), announcing
 * `body_size` bytes of data behind them. A packet without data takes body_size 0.
 *
 * Returns the bytes written; 0, with nothing promised about `into`, if they exceed `room`, if the
 * type is not in the table, if an argument that is followed by a NUL contains one, if a packet
 * without data is given some, or if the frame's size does not fit its 32 bits. The whole frame is the
 * returned bytes + body_size. gm_head_size() says beforehand how many bytes it will be.
 */
size_t gm_head_encode(uint8_t *into, size_t room, enum gm_magic magic, enum gm_type type,
                      const struct gm_slice *args, size_t body_size);

/* Writes the GM_HEADER_SIZE bytes of a header: magic, type, and the size of what follows them, which
 * must fit its 32 bits. */
void gm_header_write(uint8_t *into, enum gm_magic magic, enum gm_type type, size_t size);

/* The size gm_head_encode() would return with room enough and no body; 0 for a type that is not in
 * the table, or for arguments that exceed 32 bits. Looks at the sizes of `args` only. */
size_t gm_head_size(enum gm_type type, const struct gm_slice *args);

/* A slice of a C string, its NUL left out. */
struct gm_slice gm_text(const char *text);

/* True when the slices hold the same bytes. */
bool gm_slice_equal(struct gm_slice a, struct gm_slice b);

#endif
