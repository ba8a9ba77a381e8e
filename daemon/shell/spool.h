#ifndef SPOOL_H
#define SPOOL_H

/*
 * Background tasks that outlive a restart: written to `tasks.spool` in a directory of the daemon's own
 * when it ends, and submitted again, each once, before the next one serves anybody. That is for planned
 * restarts: what a daemon had that was killed, is lost.
 *
 * The file is written under another name, and takes its place when all of it is on the disk. It is read
 * to its end before any of it is submitted; one that is damaged is named with the offset, put aside as
 * `tasks.spool.damaged.N`, and none of it is submitted. What finds no room any more, by the limits of
 * the config, stays in the file.
 */
#include <stdbool.h>

#include "spool_file.h"

struct router;

struct spool {
    const char *directory; /* NULL: there is none */
    int fd;                /* of it, locked against other daemons; -1: none */
    bool failed;           /* tasks are lost that were to be kept */
    int out;               /* the file that is being written; -1: none */
    struct spool_writer writer;
    struct spool_reader reader, again;
};

/* Takes the directory, "" for none, which must be there, writable, and no other daemon's. Returns 0 or a
 * negative errno, logged. */
int spool_open(struct spool *spool, const char *directory);

/* Submits what is in it. The router knows the time, and nobody is connected. Returns 0, or a negative
 * errno, logged: then what is in the file is in it still, and nobody is to be served. */
int spool_restore(struct spool *spool, struct router *router);

/* Writes all background tasks of the router that have not ended. Returns true if they are on the disk;
 * false where there is no spool, or it could not be written, which is logged and remembered. */
bool spool_keep(struct spool *spool, const struct router *router);

void spool_close(struct spool *spool);

#endif
