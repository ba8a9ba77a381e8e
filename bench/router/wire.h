#ifndef WIRE_H
#define WIRE_H

/*
 * The header of a Gearman frame, by hand: what stands on either side of a measured router has to cost
 * next to nothing. gm_frame.h is the codec for everything else.
 */
#include <stdint.h>
#include <string.h>

#include "gm_frame.h"

static inline uint32_t wire_number(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline void wire_number_write(uint8_t *into, uint32_t number)
{
    into[0] = (uint8_t)(number >> 24);
    into[1] = (uint8_t)(number >> 16);
    into[2] = (uint8_t)(number >> 8);
    into[3] = (uint8_t)number;
}

/* `magic` is the last letter of REQ or RES. */
static inline void wire_header_write(uint8_t into[GM_HEADER_SIZE], char magic, enum gm_type type,
                                     uint32_t body_size)
{
    const uint8_t letters[] = {0, 'R', 'E', (uint8_t)magic};

    memcpy(into, letters, sizeof letters);
    wire_number_write(into + 4, type);
    wire_number_write(into + 8, body_size);
}

/* Type and size of the body of the frame whose header begins at `bytes`. */
static inline uint32_t wire_type(const uint8_t *bytes)
{
    return wire_number(bytes + 4);
}

static inline uint32_t wire_body_size(const uint8_t *bytes)
{
    return wire_number(bytes + 8);
}

/* True if the header at `bytes` is one, by that magic. */
static inline int wire_is_header(const uint8_t *bytes, char magic)
{
    return bytes[0] == 0 && bytes[1] == 'R' && bytes[2] == 'E' && bytes[3] == (uint8_t)magic;
}

#endif
