#ifndef GM_PACKET_H
#define GM_PACKET_H

/*
 * The packets of the Gearman binary protocol, as one table: name, number, direction, arguments.
 * Everything that decodes, encodes or describes a frame is driven by it. Numbers and argument lists
 * are those of PROTOCOL in gearmand's repository; `data_omitted` is where practice differs.
 *
 * This table has one row for every packet of the protocol, those that pmadd does not serve included.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gm_type {
    GM_CAN_DO = 1,
    GM_CANT_DO = 2,
    GM_RESET_ABILITIES = 3,
    GM_PRE_SLEEP = 4,
    GM_UNUSED_5 = 5,
    GM_NOOP = 6,
    GM_SUBMIT_JOB = 7,
    GM_JOB_CREATED = 8,
    GM_GRAB_JOB = 9,
    GM_NO_JOB = 10,
    GM_JOB_ASSIGN = 11,
    GM_WORK_STATUS = 12,
    GM_WORK_COMPLETE = 13,
    GM_WORK_FAIL = 14,
    GM_GET_STATUS = 15,
    GM_ECHO_REQ = 16,
    GM_ECHO_RES = 17,
    GM_SUBMIT_JOB_BG = 18,
    GM_ERROR = 19,
    GM_STATUS_RES = 20,
    GM_SUBMIT_JOB_HIGH = 21,
    GM_SET_CLIENT_ID = 22,
    GM_CAN_DO_TIMEOUT = 23,
    GM_ALL_YOURS = 24,
    GM_WORK_EXCEPTION = 25,
    GM_OPTION_REQ = 26,
    GM_OPTION_RES = 27,
    GM_WORK_DATA = 28,
    GM_WORK_WARNING = 29,
    GM_GRAB_JOB_UNIQ = 30,
    GM_JOB_ASSIGN_UNIQ = 31,
    GM_SUBMIT_JOB_HIGH_BG = 32,
    GM_SUBMIT_JOB_LOW = 33,
    GM_SUBMIT_JOB_LOW_BG = 34,
    GM_SUBMIT_JOB_SCHED = 35,
    GM_SUBMIT_JOB_EPOCH = 36,
    GM_SUBMIT_REDUCE_JOB = 37,
    GM_SUBMIT_REDUCE_JOB_BACKGROUND = 38,
    GM_GRAB_JOB_ALL = 39,
    GM_JOB_ASSIGN_ALL = 40,
    GM_GET_STATUS_UNIQUE = 41,
    GM_STATUS_RES_UNIQUE = 42,
    GM_TYPES /* one past the last number of the protocol */
};

enum { GM_ARGS_MAX = 8 }; /* arguments before the data, in any packet */

/* Who may send it. */
enum gm_direction { GM_FROM_NOBODY = 0, GM_FROM_PEER = 1, GM_FROM_SERVER = 2, GM_FROM_BOTH = 3 };

struct gm_packet {
    const char *name; /* as in PROTOCOL, e.g. "SUBMIT_JOB_BG" */
    enum gm_direction direction;
    uint8_t args;      /* arguments ahead of the data; without data the last ends with the frame */
    bool data;         /* opaque data follows the arguments, to the end of the frame */
    bool data_omitted; /* a missing NUL after the last argument means empty data (Perl workers) */
};

/* Returns the row of a packet number, or NULL if the protocol has no such number. */
const struct gm_packet *gm_packet(uint32_t type);

/* Returns the packet's name, "unknown" for a number that is none. */
const char *gm_packet_name(uint32_t type);

#endif
