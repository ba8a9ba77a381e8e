#ifndef PLACE_H
#define PLACE_H

/* Where the exporter listens: a loopback address, or a Unix socket; opened here, or by systemd. */
#include <stdbool.h>

enum { PLACE_TEXT = 160 };

struct place {
    int fd;
    char name[PLACE_TEXT]; /* HOST:PORT, as the system chose it, or the path */
    const char *path;      /* of a Unix socket, else NULL */
};

enum place_status {
    PLACE_OK,
    PLACE_WRONG, /* it cannot be a place */
    PLACE_FAILED /* the system refuses */
};

/* Listens at `text`: a path (anything with a `/`), or HOST:PORT ([IPV6]:PORT) in digits. A Unix socket that
 * nobody listens at any more is replaced; the new one is for its owner and group. On anything but PLACE_OK
 * `why` says what is wrong, in one line. `text` is kept. */
enum place_status place_open(struct place *place, const char *text, char why[PLACE_TEXT]);

/* Was there a socket passed on, sd_listen_fds(3)? `*place` is it then, if it is one that listens, at a
 * loopback address or a path; else `*status` and `why` say what is wrong. Its path is systemd's to remove. */
bool place_passed(struct place *place, enum place_status *status, char why[PLACE_TEXT]);

/* Removes the Unix socket. The descriptor is closed by whoever has it. */
void place_remove(const struct place *place);

#endif
