#ifndef CHANGE_H
#define CHANGE_H

/*
 * What administrators change: limits of functions, functions, tasks. The words of a command lead here
 * (admin.c), and an answer without memory of its own leads back: a change never fails for want of it.
 */
#include <stddef.h>

#include "gm_frame.h"

struct peer;

/* The answers of one line there are. */
enum reply {
    REPLY_OK,
    REPLY_UNKNOWN_COMMAND,
    REPLY_INCOMPLETE, /* words are missing, or there are too many */
    REPLY_NO_SHOW,
    REPLY_UNKNOWN_ERROR,
    REPLY_UNKNOWN_JOB,
    REPLY_NO_FUNCTION,
    REPLY_IN_USE,
    REPLY_RESERVED,
    REPLY_BAD_NAME,
    REPLY_BAD_LIMITS,
    REPLY_BAD_COUNT,
    REPLY_NO_ROOM,
    REPLY_TOO_LONG,
    REPLY_NOT_OBSERVED,     /* the right to observe is missing, */
    REPLY_NOT_ADMINISTERED, /* or that to administer, */
    REPLY_NOT_THIS_FUNCTION /* or that to administer this function */
};

/* Changes something as the arguments of a command say, where `peer` may. On any answer but REPLY_OK
 * nothing was changed. */
typedef enum reply change(const struct peer *peer, const struct gm_slice *args, size_t count);

/*
 * maxqueue FUNCTION [LIMIT | HIGH NORMAL LOW]: how many tasks of it there may be for one more to be
 * submitted; without a number, with 0 and with less: any number. It makes the function if need be,
 * and declares it.
 */
enum reply change_max_queue(const struct peer *peer, const struct gm_slice *args, size_t count);

/* create function FUNCTION: makes and declares it. It may be there already. */
enum reply change_create(const struct peer *peer, const struct gm_slice *args, size_t count);

/* drop function FUNCTION: forgets one that has neither tasks nor workers, nor a reserve. */
enum reply change_drop(const struct peer *peer, const struct gm_slice *args, size_t count);

/*
 * pause function FUNCTION: its tasks stay in their queues; those that run go on, and more are taken in.
 * drain function FUNCTION: no more are taken in, those that are there go on. Either makes the function if
 * need be, and declares it. resume function FUNCTION: neither, from now on.
 */
enum reply change_pause(const struct peer *peer, const struct gm_slice *args, size_t count);
enum reply change_drain(const struct peer *peer, const struct gm_slice *args, size_t count);
enum reply change_resume(const struct peer *peer, const struct gm_slice *args, size_t count);

/* cancel job HANDLE: ends a task that is delayed, queued or running. */
enum reply change_cancel(const struct peer *peer, const struct gm_slice *args, size_t count);

#endif
