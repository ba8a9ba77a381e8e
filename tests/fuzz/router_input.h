#ifndef ROUTER_INPUT_H
#define ROUTER_INPUT_H

/*
 * What fuzz_router makes of its input, and vector_seeds writes: one byte that chooses the setup, then
 * acts. The first byte of an act is what it is and whose: act * ROUTER_PEERS + peer, modulo all there
 * are. A run is a byte that says how long it is, and its bytes.
 */
enum { ROUTER_PEERS = 6, ROUTER_RUN_MAX = 255 };

enum router_act {
    ACT_LEAVE,
    ACT_SEND,    /* a run */
    ACT_TOLD,    /* a place and a run: the handle heard last goes into that place, and where the run
                    is a frame its size says so */
    ACT_SUBMIT,  /* kind and size */
    ACT_LATER,   /* kind, second and a run: SUBMIT_JOB_EPOCH or SUBMIT_REDUCE_JOB* */
    ACT_WORK,    /* kind and a run: a worker's word about the handle heard last */
    ACT_ASK,     /* kind: GRAB_JOB*, PRE_SLEEP */
    ACT_REQUEST, /* kind and a run */
    ACT_LINE,    /* kind: an administrative line */
    ACT_HABITS,  /* piece, slices and appetite */
    ACT_TICK,    /* a byte: so many 64 microseconds */
    ACT_WAIT,    /* a byte: so many tenths of a second */
    ACT_WALL,    /* a byte: so many seconds the wall clock jumps, 128 none */
    ROUTER_ACTS
};

#endif
