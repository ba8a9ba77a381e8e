#ifndef ROUTER_INPUT_H
#define ROUTER_INPUT_H

/*
 * What fuzz_router makes of its input, and vector_seeds writes: one byte that chooses the setup and
 * what is done at the end, then acts. The low seven bits of the first byte of an act say what it is and
 * in which place: act * STAGE_PLACES + place, modulo all there are; with ACT_AT_ONCE no turn of the
 * driver follows it, so that what comes next meets the core in the same turn. A run is a byte that says
 * how long it is, and its bytes.
 */
enum { ROUTER_RUN_MAX = 255, ROUTER_FINISH = 128 /* of the first byte */, ACT_AT_ONCE = 128 };

enum router_act {
    ACT_LEAVE,
    ACT_SEND,    /* a run */
    ACT_TOLD,    /* a place and a run: the handle heard last goes into that place, and where the run
                    is a frame its size says so */
    ACT_SUBMIT,  /* kind and size */
    ACT_LATER,   /* kind, second and a run: SUBMIT_JOB_EPOCH or SUBMIT_REDUCE_JOB* */
    ACT_WORK,    /* kind and a run or a size: a worker's word about a handle that was heard */
    ACT_ASK,     /* kind: GRAB_JOB*, PRE_SLEEP */
    ACT_REQUEST, /* kind and a run or a size */
    ACT_LINE,    /* kind and a run: an administrative line, and what is to stand behind it */
    ACT_JOIN,    /* rights: another connection takes the place, with some rights only */
    ACT_HABITS,  /* piece, slices and appetite */
    ACT_TRICKLE, /* a byte: so many bytes are sent in each turn, 0: all */
    ACT_TICK,    /* a byte: so many 64 microseconds */
    ACT_WAIT,    /* a byte: so many tenths of a second */
    ACT_WALL,    /* a byte: so many seconds the wall clock jumps, 128 none */
    ACT_DUE,     /* until the time at which the core wants to be called */
    ACT_SCARCE,  /* a byte: router_scarcity() */
    ACT_DRAIN,
    ACT_SERVE, /* kind: can do a function, and grabs or sleeps */
    ROUTER_ACTS
};

#endif
