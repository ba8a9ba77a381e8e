#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "pmadc_internal.h"

enum {
    READ_ROOM = 64 * 1024,    /* free bytes that a read finds at least */
    HEAD_MAX_IN = 64 * 1024,  /* a head longer than this is none that a daemon sends */
    PARTING_TIMEOUT_MS = 1000 /* how long a worker that is to stop waits for what it asked for */
};

/* ---- the buffers ---- */

static size_t filled(const struct pmadc_buffer *buffer)
{
    return buffer->end - buffer->begin;
}

static void buffer_append(struct pmadc_buffer *buffer, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(buffer->bytes + buffer->end, bytes, size);
    buffer->end += size;
}

enum pmadc_status pmadc_reserve(struct pmadc *client, struct pmadc_buffer *buffer, size_t size)
{
    size_t room = buffer->room;
    uint8_t *wider;

    if (buffer->begin == buffer->end)
        buffer->begin = buffer->end = 0;
    if (buffer->room - buffer->end >= size)
        return PMADC_OK;
    if (buffer->begin > 0) {
        memmove(buffer->bytes, buffer->bytes + buffer->begin, filled(buffer));
        buffer->end -= buffer->begin;
        buffer->begin = 0;
    }
    while (room - buffer->end < size)
        room = room == 0 ? READ_ROOM : 2 * room;
    if (room == buffer->room)
        return PMADC_OK;
    wider = realloc(buffer->bytes, room);
    if (wider == NULL)
        return pmadc_fail(client, PMADC_MEMORY, "out of memory for %zu bytes", room);
    buffer->bytes = wider;
    buffer->room = room;
    return PMADC_OK;
}

/* ---- reading ---- */

static enum pmadc_status lost(struct pmadc *client, int error)
{
    if (error == 0 || error == ECONNRESET || error == EPIPE)
        return pmadc_die(client, PMADC_LOST, "the daemon closed the connection");
    return pmadc_die(client, PMADC_LOST, "the connection was lost: %s", strerror(error));
}

/* Takes what is there. PMADC_TIMEOUT, without a word about it, when that is nothing. */
static enum pmadc_status read_now(struct pmadc *client)
{
    struct pmadc_buffer *in = &client->in;
    enum pmadc_status status = pmadc_reserve(client, in, READ_ROOM);
    ssize_t got;

    if (status != PMADC_OK)
        return status;
    got = recv(client->fd, in->bytes + in->end, in->room - in->end, MSG_DONTWAIT);
    if (got > 0) {
        in->end += (size_t)got;
        return PMADC_OK;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return PMADC_TIMEOUT;
    return lost(client, got < 0 ? errno : 0);
}

/* Waits until the socket has something, or its end; PMADC_OK also when there may be nothing. */
static enum pmadc_status wait_readable(struct pmadc *client, int64_t deadline)
{
    struct pollfd pollers[] = {{.fd = client->fd, .events = POLLIN},
                               {.fd = client->stoppable ? client->wake_fd : -1, .events = POLLIN}};
    int ready;

    /* A worker that is to stop leaves at once when nothing was asked for. Otherwise a task may be
     * on its way, which would have to go back when the connection ends: that answer is awaited. */
    if (client->stoppable && atomic_load(&client->stop)) {
        int64_t soon = pmadc_deadline(PARTING_TIMEOUT_MS);

        if (client->round != PMADC_ASKED)
            return pmadc_fail(client, PMADC_STOPPED, "told to stop");
        deadline = soon < deadline ? soon : deadline;
        pollers[1].fd = -1;
    }
    ready = poll(pollers, 2, pmadc_time_left(deadline));
    if (ready < 0 && errno != EINTR)
        return lost(client, errno);
    return ready == 0 ? pmadc_fail(client, PMADC_TIMEOUT, "timed out") : PMADC_OK;
}

enum pmadc_status pmadc_read(struct pmadc *client, int64_t deadline)
{
    enum pmadc_status status;

    do {
        status = wait_readable(client, deadline);
        if (status != PMADC_OK)
            return status;
        status = read_now(client);
    } while (status == PMADC_TIMEOUT);
    return status;
}

/* ---- writing ---- */

/* Says why the daemon hung up: its parting ERROR may still be there to be read. */
static enum pmadc_status hung_up(struct pmadc *client, int error)
{
    struct pmadc_frame frame;

    while (pmadc_receive(client, pmadc_deadline(0), &frame) == PMADC_OK) {
        if (frame.head.type == GM_ERROR && frame.head.arg_count == 2) {
            client->dead = true;
            return pmadc_refuse(client, frame.head.args[0], frame.head.args[1]);
        }
    }
    return lost(client, error);
}

/* Drops `size` sent bytes from the front of the pieces. */
static void advance(struct msghdr *message, size_t size)
{
    while (message->msg_iovlen > 0 && size >= message->msg_iov->iov_len) {
        size -= message->msg_iov->iov_len;
        message->msg_iov++;
        message->msg_iovlen--;
    }
    if (message->msg_iovlen > 0) {
        message->msg_iov->iov_base = (uint8_t *)message->msg_iov->iov_base + size;
        message->msg_iov->iov_len -= size;
    }
}

/* Waits until more can be written, reading meanwhile. */
static enum pmadc_status wait_writable(struct pmadc *client, int64_t deadline)
{
    struct pollfd poller = {.fd = client->fd, .events = POLLIN | POLLOUT};
    int ready = poll(&poller, 1, pmadc_time_left(deadline));
    enum pmadc_status status;

    if (ready == 0)
        return pmadc_fail(client, PMADC_TIMEOUT, "timed out: the daemon does not read");
    if (ready < 0)
        return errno == EINTR ? PMADC_OK : lost(client, errno);
    if ((poller.revents & POLLIN) == 0)
        return PMADC_OK;
    status = read_now(client);
    return status == PMADC_TIMEOUT ? PMADC_OK : status;
}

enum pmadc_status pmadc_write(struct pmadc *client, struct iovec *pieces, size_t count,
                              int64_t deadline)
{
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    bool begun = false;

    for (;;) {
        ssize_t sent = sendmsg(client->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        enum pmadc_status status;

        if (sent >= 0) {
            begun = begun || sent > 0;
            advance(&message, (size_t)sent);
            if (message.msg_iovlen == 0)
                return PMADC_OK;
            continue;
        }
        if (errno == EPIPE || errno == ECONNRESET)
            return hung_up(client, errno);
        if (errno != EAGAIN && errno != EINTR)
            return lost(client, errno);
        status = wait_writable(client, deadline);
        if (status == PMADC_LOST)
            return hung_up(client, 0);
        if (status == PMADC_TIMEOUT && begun)
            return pmadc_die(client, PMADC_TIMEOUT,
                             "timed out in mid-frame: the daemon does not read; close the "
                             "connection");
        if (status == PMADC_MEMORY && begun)
            return pmadc_die(client, PMADC_MEMORY,
                             "out of memory in mid-frame; close the connection");
        if (status != PMADC_OK)
            return status;
    }
}

enum pmadc_status pmadc_head(struct pmadc *client, struct iovec *piece, uint8_t *into,
                             enum gm_type type, const struct gm_slice *args, size_t body_size)
{
    piece->iov_base = into;
    piece->iov_len = gm_head_encode(into, PMADC_HEAD_MAX, GM_REQ, type, args, body_size);
    if (piece->iov_len == 0)
        return pmadc_fail(client, PMADC_INVALID, "%s of %zu bytes of data does not fit one frame",
                          gm_packet_name(type), body_size);
    return PMADC_OK;
}

enum pmadc_status pmadc_send(struct pmadc *client, enum gm_type type, const struct gm_slice *args,
                             struct gm_slice body, int64_t deadline)
{
    uint8_t head[PMADC_HEAD_MAX];
    struct iovec pieces[2];
    enum pmadc_status status = pmadc_head(client, &pieces[0], head, type, args, body.size);

    if (status != PMADC_OK)
        return status;
    /* An iovec has no const; nothing is written through it. */
    memcpy(&pieces[1].iov_base, &body.bytes, sizeof body.bytes);
    pieces[1].iov_len = body.size;
    return pmadc_write(client, pieces, 2, deadline);
}

/* ---- frames ---- */

/* Looks for a whole frame at the beginning of a buffer. PMADC_TIMEOUT, without a word, if it is not
 * whole yet. */
static enum pmadc_status frame_look(struct pmadc *client, const struct pmadc_buffer *buffer,
                                    struct pmadc_frame *frame)
{
    size_t size = filled(buffer);
    struct gm_head *head = &frame->head;
    const uint8_t *bytes;

    if (size == 0) /* and perhaps no buffer yet */
        return PMADC_TIMEOUT;
    bytes = buffer->bytes + buffer->begin;
    switch (gm_head_decode(head, bytes, size, HEAD_MAX_IN)) {
    case GM_NEED_MORE:
        return PMADC_TIMEOUT;
    case GM_BAD_MAGIC:
        return pmadc_die(client, PMADC_PROTOCOL, "the other end does not speak Gearman");
    case GM_BAD_ARGS:
        return pmadc_die(client, PMADC_PROTOCOL, "the other end sent a malformed %s",
                         gm_packet_name(head->type));
    case GM_HEAD:
        break;
    }
    if (head->magic != GM_RES)
        return pmadc_die(client, PMADC_PROTOCOL, "the other end sent a request: %s",
                         gm_packet_name(head->type));
    if (size < head->head_size || size - head->head_size < head->body_size)
        return PMADC_TIMEOUT;
    frame->body = (struct gm_slice){bytes + head->head_size, head->body_size};
    frame->whole = (struct gm_slice){bytes, head->head_size + head->body_size};
    return PMADC_OK;
}

enum pmadc_status pmadc_receive(struct pmadc *client, int64_t deadline, struct pmadc_frame *frame)
{
    enum pmadc_status status;

    while ((status = frame_look(client, &client->in, frame)) == PMADC_TIMEOUT) {
        status = pmadc_read(client, deadline);
        if (status != PMADC_OK)
            return status;
    }
    if (status == PMADC_OK)
        client->in.begin += frame->whole.size;
    return status;
}

enum pmadc_status pmadc_hold_copy(struct pmadc *client, struct pmadc_buffer *hold,
                                  struct pmadc_frame *frame)
{
    enum pmadc_status status;

    hold->begin = hold->end = 0;
    status = pmadc_reserve(client, hold, frame->whole.size);
    if (status != PMADC_OK)
        return status;
    buffer_append(hold, frame->whole.bytes, frame->whole.size);
    return frame_look(client, hold, frame);
}

enum pmadc_status pmadc_hold(struct pmadc *client, struct pmadc_buffer *hold,
                             struct pmadc_frame *frame)
{
    struct pmadc_buffer full = client->in;
    size_t surplus = filled(&full);
    enum pmadc_status status;

    /* Whichever is less is copied: the frame out of the buffer, or what is behind it. */
    if (frame->whole.size <= surplus)
        return pmadc_hold_copy(client, hold, frame);
    hold->begin = hold->end = 0;
    status = pmadc_reserve(client, hold, surplus);
    if (status != PMADC_OK)
        return status;
    buffer_append(hold, full.bytes + full.begin, surplus);
    client->in = *hold;
    full.end = full.begin;
    full.begin -= frame->whole.size;
    *hold = full;
    return frame_look(client, hold, frame);
}
