#ifndef CTL_PAYLOAD_H
#define CTL_PAYLOAD_H

/* The payload of a task, read from a file or from the standard input. */
#include <stddef.h>
#include <stdint.h>

struct ctl_payload {
    uint8_t *bytes; /* to be freed in the end */
    size_t size, room;
};

/* What a payload is read from, in words: its name, or "stdin" where it is NULL or "-". */
const char *ctl_payload_source(const char *file);

/* Reads all that is left of it, in place of what was read before. Returns NULL, or why it cannot. */
const char *ctl_payload_read(struct ctl_payload *payload, const char *file);

#endif
