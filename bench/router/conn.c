#include "conn.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fail.h"

enum {
    ROOM_FIRST = 16 * 1024,
    PRINT_MAX = 512,
    LYING_MIN = 4096, /* bytes from which writing two pieces costs less than a copy */
    PIECES_MAX = 64,
    GATHERED_MAX = 2 * PIECES_MAX + 1
};

/* Moves what is there to the front if that makes room for `more` bytes behind it; else grows. */
static void buffer_make_room(struct buffer *buffer, size_t more)
{
    size_t size = buffer->end - buffer->begin;

    if (buffer->room - buffer->end >= more)
        return;
    if (size > 0 && buffer->begin > 0)
        memmove(buffer->bytes, buffer->bytes + buffer->begin, size);
    buffer->begin = 0;
    buffer->end = size;
    if (buffer->room - size < more) {
        size_t room = buffer->room > 0 ? buffer->room : ROOM_FIRST;
        uint8_t *bytes;

        while (room - size < more)
            room *= 2;
        bytes = realloc(buffer->bytes, room);
        if (bytes == NULL)
            fail("no memory for a buffer of %zu bytes", room);
        buffer->bytes = bytes;
        buffer->room = room;
    }
}

uint8_t *conn_room(struct conn *conn, size_t size)
{
    buffer_make_room(&conn->out, size);
    return conn->out.bytes + conn->out.end;
}

void conn_say(struct conn *conn, const void *bytes, size_t size)
{
    memcpy(conn_room(conn, size), bytes, size);
    conn_said(conn, size);
}

void conn_print(struct conn *conn, const char *format, ...)
{
    uint8_t *into = conn_room(conn, PRINT_MAX);
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf((char *)into, PRINT_MAX, format, args);
    va_end(args);
    if (size < 0 || size >= PRINT_MAX)
        fail("a line of %d bytes is too long", size);
    conn_said(conn, (size_t)size);
}

/* A rest goes to the front when that costs less than what was handled before it has cost. The room is
 * doubled by a read that fills it, so that it is as large as reads are. */
enum conn_read conn_read(struct conn *conn)
{
    struct buffer *in = &conn->in;
    size_t rest = in->end - in->begin;
    size_t room;
    ssize_t got;

    if (in->begin > 0 && rest <= in->begin) {
        memcpy(in->bytes, in->bytes + in->begin, rest);
        in->begin = 0;
        in->end = rest;
    }
    buffer_make_room(in, ROOM_FIRST);
    room = in->room - in->end < CONN_READ ? in->room - in->end : CONN_READ;
    got = recv(conn->fd, in->bytes + in->end, room, MSG_DONTWAIT);
    if (got > 0) {
        in->end += (size_t)got;
        if ((size_t)got == room && room < CONN_READ)
            buffer_make_room(in, 2 * room);
        return CONN_GOT;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return CONN_NOTHING;
    if (got == 0)
        errno = 0;
    return CONN_ENDED;
}

void conn_taken(struct conn *conn, size_t size)
{
    struct buffer *in = &conn->in;

    in->begin += size;
    if (in->begin == in->end)
        in->begin = in->end = 0;
}

void conn_say_lying(struct conn *conn, const uint8_t *bytes, size_t size)
{
    if (size < LYING_MIN || conn->piece_count == PIECES_MAX) {
        conn_say(conn, bytes, size);
        return;
    }
    if (conn->pieces == NULL)
        conn->pieces = must_calloc(PIECES_MAX, sizeof *conn->pieces);
    conn->pieces[conn->piece_count++] =
        (struct piece){.behind = conn->out.end - conn->out.begin, .bytes = bytes, .size = size};
}

/* An iovec has no const, not even one to write from. */
static void *not_const(const uint8_t *bytes)
{
    void *same;

    memcpy(&same, &bytes, sizeof same);
    return same;
}

/* Adds a part of what is to be written, but for what is left of `*skip` bytes at its beginning. */
static size_t gather_part(struct iovec *into, const uint8_t *bytes, size_t size, size_t *skip)
{
    size_t less = *skip < size ? *skip : size;

    *skip -= less;
    if (less == size)
        return 0;
    *into = (struct iovec){.iov_base = not_const(bytes + less), .iov_len = size - less};
    return 1;
}

/* Own bytes and pieces in their order, without the first `skip` bytes; returns how many parts. */
static size_t gather(const struct conn *conn, struct iovec *into, size_t skip)
{
    const uint8_t *own = conn->out.bytes + conn->out.begin;
    size_t size = conn->out.end - conn->out.begin;
    size_t at = 0, count = 0;

    for (size_t i = 0; i < conn->piece_count; i++) {
        const struct piece *piece = &conn->pieces[i];

        count += gather_part(into + count, own + at, piece->behind - at, &skip);
        count += gather_part(into + count, piece->bytes, piece->size, &skip);
        at = piece->behind;
    }
    return count + gather_part(into + count, own + at, size - at, &skip);
}

/* Makes what is left after `sent` bytes all our own. */
static void keep(struct conn *conn, size_t sent)
{
    struct iovec rest[GATHERED_MAX];
    size_t count = gather(conn, rest, sent);
    struct conn kept = {.fd = -1};

    for (size_t i = 0; i < count; i++)
        conn_say(&kept, rest[i].iov_base, rest[i].iov_len);
    free(conn->out.bytes);
    conn->out = kept.out;
    conn->piece_count = 0;
}

/* Writes own bytes only. */
static bool flush_own(struct conn *conn)
{
    struct buffer *out = &conn->out;

    while (out->begin < out->end) {
        ssize_t sent = send(conn->fd, out->bytes + out->begin, out->end - out->begin,
                            MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent < 0 && errno == EAGAIN)
            return true;
        if (sent < 0 && errno != EINTR)
            return false;
        if (sent > 0)
            out->begin += (size_t)sent;
    }
    out->begin = out->end = 0;
    return true;
}

bool conn_flush(struct conn *conn)
{
    struct iovec all[GATHERED_MAX];
    struct msghdr message = {.msg_iov = all};
    size_t size = 0;
    ssize_t sent;

    if (conn->piece_count == 0)
        return flush_own(conn);
    message.msg_iovlen = gather(conn, all, 0);
    for (size_t i = 0; i < message.msg_iovlen; i++)
        size += all[i].iov_len;
    sent = sendmsg(conn->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    if (sent > 0 && (size_t)sent == size) {
        conn->out.begin = conn->out.end = 0;
        conn->piece_count = 0;
    } else {
        keep(conn, sent > 0 ? (size_t)sent : 0);
    }
    return true;
}

void conn_close(struct conn *conn)
{
    close(conn->fd);
    free(conn->in.bytes);
    free(conn->out.bytes);
    free(conn->pieces);
    *conn = (struct conn){.fd = -1};
}
