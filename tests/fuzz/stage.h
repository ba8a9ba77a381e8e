#ifndef STAGE_H
#define STAGE_H

/*
 * A small router for every input of a fuzzer, and places for the peers who act on it.
 *
 * To make pools and router takes longer than what most inputs do. So each setup is made once and its
 * memory kept aside; the next input gets the same bytes at the same addresses, and what it does can
 * depend on nothing that came before it.
 */
#include "rig.h"

enum {
    STAGE_SETUPS = 8,
    STAGE_PLACES = 6,
    STAGE_PATTERNS = 2, /* of function names: `a`, and what begins with `b` */
    STAGE_HANDLES = 4,
    STAGE_HANDLE_MAX = 64
};

/* What is left of an input. */
struct input {
    const uint8_t *at;
    size_t size;
};

/* The next byte; 0 at the end. */
uint8_t input_byte(struct input *input);

/* The next bytes, as many as the byte ahead of them says, or as there are. */
struct input input_run(struct input *input);

/* Where somebody is connected, or nobody. */
struct place {
    struct remote *remote;
    struct bytes unsent;             /* what it sends bit by bit */
    size_t trickle;                  /* bytes of that a turn; 0: everything at once */
    char assigned[STAGE_HANDLE_MAX]; /* the task it was given last; "": none */
};

struct stage {
    struct rig rig;
    struct place places[STAGE_PLACES];
    char told[STAGE_HANDLES][STAGE_HANDLE_MAX]; /* handles that anybody heard, the last one first */
};

/* Makes the stage ready, with nobody on it; `setup` is below STAGE_SETUPS. */
void stage_begin(struct stage *stage, size_t setup);

/* A turn of the driver. What must always hold is checked. */
void stage_turn(struct stage *stage);

/*
 * Everybody leaves. Then an unknown peer must be served, the core be consistent, the pools sound, and no
 * block be lost. With `finish` the router is ended, too, and must give everything back.
 */
void stage_end(struct stage *stage, bool finish);

/* Somebody is in the place from now on: a new peer where there is none, or only one that the core has
 * ended. */
void place_fill(struct stage *stage, struct place *place);

/* Another peer with some rights takes the place, if the core has room for one of that kind. */
void place_join(struct stage *stage, struct place *place, unsigned rights);

void place_leave(struct place *place);

/* Bytes to be sent from the next turn on. */
void place_post(struct place *place, const void *bytes, size_t size);

/* A frame in two parts. */
void place_post_frame(struct place *place, uint32_t type, const void *front, size_t front_size,
                      struct input rest);

#endif
