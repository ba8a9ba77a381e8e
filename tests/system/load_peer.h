#ifndef LOAD_PEER_H
#define LOAD_PEER_H

/*
 * One end of a load program: a non-blocking connection to a pmadd's Unix socket, with buffers that
 * grow as they must. Frames are said and read; when to wait is the program's business (poll(2) on
 * `fd`, for writing too while load_peer_waits()).
 *
 * A load program that cannot go on ends by load_die(): there is nobody to hand an error to.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gm_frame.h"

struct load_buffer {
    uint8_t *bytes;
    size_t begin, end; /* what is in it */
    size_t room;
};

struct load_peer {
    int fd;
    struct load_buffer in, out;
};

/* Writes one line to stderr and ends the program with EXIT_FAILURE. */
_Noreturn void load_die(const char *what, const char *why);

/* Connects to the socket at `path`, waiting for nobody. */
void load_peer_open(struct load_peer *peer, const char *path);
void load_peer_close(struct load_peer *peer);

/* Appends a frame to what will be written; `args` as the table of packets says, NULL for none. */
void load_peer_say(struct load_peer *peer, enum gm_type type, const struct gm_slice *args,
                   struct gm_slice data);

/* Writes what can be written now. */
void load_peer_flush(struct load_peer *peer);

/* True while something is left to be written. */
bool load_peer_waits(const struct load_peer *peer);

/* Reads what there is. */
void load_peer_read(struct load_peer *peer);

/* Takes the next whole frame out of what was read. Its slices are good until the next read. */
bool load_peer_next(struct load_peer *peer, struct gm_head *head, struct gm_slice *body);

#endif
