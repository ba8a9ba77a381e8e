#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "load_peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    READ_AT_LEAST = 65536,
    HEAD_MAX = 4096 /* bytes; the daemon's heads are far smaller */
};

void load_die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

/* Makes room for `more` bytes behind what is in the buffer. */
static uint8_t *buffer_room(struct load_buffer *buffer, size_t more)
{
    size_t size = buffer->end - buffer->begin;

    if (buffer->room - buffer->end >= more)
        return buffer->bytes + buffer->end;
    if (size > 0)
        memmove(buffer->bytes, buffer->bytes + buffer->begin, size);
    buffer->begin = 0;
    buffer->end = size;
    if (buffer->room - size < more) {
        size_t room = 2 * (size + more);
        uint8_t *bytes = realloc(buffer->bytes, room);

        if (!bytes)
            load_die("memory", strerror(ENOMEM));
        buffer->bytes = bytes;
        buffer->room = room;
    }
    return buffer->bytes + buffer->end;
}

static void buffer_taken(struct load_buffer *buffer, size_t bytes)
{
    buffer->begin += bytes;
    if (buffer->begin == buffer->end)
        buffer->begin = buffer->end = 0;
}

void load_peer_open(struct load_peer *peer, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *peer = (struct load_peer){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (peer->fd < 0)
        load_die("socket", strerror(errno));
    if (strlen(path) >= sizeof address.sun_path)
        load_die(path, strerror(ENAMETOOLONG));
    memcpy(address.sun_path, path, strlen(path));
    if (connect(peer->fd, (const struct sockaddr *)&address, sizeof address) < 0)
        load_die(path, strerror(errno));
}

void load_peer_close(struct load_peer *peer)
{
    close(peer->fd);
    free(peer->in.bytes);
    free(peer->out.bytes);
}

void load_peer_say(struct load_peer *peer, enum gm_type type, const struct gm_slice *args,
                   struct gm_slice data)
{
    size_t room = gm_head_size(type, args) + data.size;
    uint8_t *into = buffer_room(&peer->out, room);
    size_t written = gm_head_encode(into, room, GM_REQ, type, args, data.size);

    if (written == 0)
        load_die(gm_packet_name(type), "cannot be encoded");
    if (data.size > 0)
        memcpy(into + written, data.bytes, data.size);
    peer->out.end += written + data.size;
}

void load_peer_flush(struct load_peer *peer)
{
    while (load_peer_waits(peer)) {
        ssize_t sent = send(peer->fd, peer->out.bytes + peer->out.begin,
                            peer->out.end - peer->out.begin, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0 && errno != EINTR)
            load_die("send", strerror(errno));
        if (sent > 0)
            buffer_taken(&peer->out, (size_t)sent);
    }
}

bool load_peer_waits(const struct load_peer *peer)
{
    return peer->out.begin < peer->out.end;
}

void load_peer_read(struct load_peer *peer)
{
    uint8_t *into = buffer_room(&peer->in, READ_AT_LEAST);
    ssize_t got = recv(peer->fd, into, peer->in.room - peer->in.end, MSG_DONTWAIT);

    if (got == 0)
        load_die("recv", "the daemon closed the connection");
    if (got < 0 && errno != EAGAIN && errno != EINTR)
        load_die("recv", strerror(errno));
    if (got > 0)
        peer->in.end += (size_t)got;
}

bool load_peer_next(struct load_peer *peer, struct gm_head *head, struct gm_slice *body)
{
    const uint8_t *bytes = peer->in.bytes + peer->in.begin;
    size_t size = peer->in.end - peer->in.begin;

    switch (gm_head_decode(head, bytes, size, HEAD_MAX)) {
    case GM_HEAD:
        break;
    case GM_NEED_MORE:
        return false;
    case GM_BAD_MAGIC:
    case GM_BAD_ARGS:
        load_die("frame", "the daemon sent what is no frame");
    }
    if (size - head->head_size < head->body_size)
        return false;
    *body = (struct gm_slice){.bytes = bytes + head->head_size, .size = head->body_size};
    buffer_taken(&peer->in, head->head_size + head->body_size);
    return true;
}
