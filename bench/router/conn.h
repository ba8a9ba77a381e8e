#ifndef CONN_H
#define CONN_H

/*
 * A connection with gathered input and output: one read of up to CONN_READ bytes takes what there is,
 * whole messages are looked at where they lie, and what is said meanwhile leaves in one write. The
 * buffers grow as they must and are kept.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONN_READ = 256 * 1024 };

struct buffer {
    uint8_t *bytes;
    size_t begin, end; /* what is in it */
    size_t room;
};

/* Bytes to be written that lie elsewhere. They go behind so many bytes of `out`. */
struct piece {
    size_t behind;
    const uint8_t *bytes;
    size_t size;
};

struct conn {
    int fd;
    struct buffer in, out;
    struct piece *pieces; /* NULL until there was one */
    size_t piece_count;   /* 0 after a flush */
};

enum conn_read {
    CONN_GOT,     /* something new lies in `in` */
    CONN_NOTHING, /* nothing was there */
    CONN_ENDED    /* the other end has closed, or errno says what has happened */
};

/* Makes room for `size` bytes behind what waits to be written, to be filled in place. Who fills it
 * says conn_said() with what he has filled. */
uint8_t *conn_room(struct conn *conn, size_t size);

static inline void conn_said(struct conn *conn, size_t size)
{
    conn->out.end += size;
}

/* Both at once, for bytes that are copied, and for text. */
void conn_say(struct conn *conn, const void *bytes, size_t size);
__attribute__((format(printf, 2, 3))) void conn_print(struct conn *conn, const char *format, ...);

/* Says bytes that stay as they are until the next flush: large ones are written from where they lie. */
void conn_say_lying(struct conn *conn, const uint8_t *bytes, size_t size);

/* One read. On CONN_ENDED errno is 0 if the end was an orderly one. */
enum conn_read conn_read(struct conn *conn);

/* Says that so many bytes at the beginning of `in` have been handled. */
void conn_taken(struct conn *conn, size_t size);

/* Writes what can be written now, and keeps a copy of the rest; false, and errno, if the other end has gone. */
bool conn_flush(struct conn *conn);

static inline bool conn_waits(const struct conn *conn)
{
    return conn->out.begin < conn->out.end;
}

void conn_close(struct conn *conn);

#endif
