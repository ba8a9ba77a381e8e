#include "gm_packet.h"

/* Left out means no: no data behind the arguments, nothing to be omitted. */
static const struct gm_packet packets[GM_TYPES] = {
    [GM_CAN_DO] = {"CAN_DO", GM_FROM_PEER, .args = 1},
    [GM_CANT_DO] = {"CANT_DO", GM_FROM_PEER, .args = 1},
    [GM_RESET_ABILITIES] = {"RESET_ABILITIES", GM_FROM_PEER, .args = 0},
    [GM_PRE_SLEEP] = {"PRE_SLEEP", GM_FROM_PEER, .args = 0},
    [GM_UNUSED_5] = {"UNUSED", GM_FROM_NOBODY, .args = 0},
    [GM_NOOP] = {"NOOP", GM_FROM_SERVER, .args = 0},
    [GM_SUBMIT_JOB] = {"SUBMIT_JOB", GM_FROM_PEER, .args = 2, .data = true},
    [GM_JOB_CREATED] = {"JOB_CREATED", GM_FROM_SERVER, .args = 1},
    [GM_GRAB_JOB] = {"GRAB_JOB", GM_FROM_PEER, .args = 0},
    [GM_NO_JOB] = {"NO_JOB", GM_FROM_SERVER, .args = 0},
    [GM_JOB_ASSIGN] = {"JOB_ASSIGN", GM_FROM_SERVER, .args = 2, .data = true},
    [GM_WORK_STATUS] = {"WORK_STATUS", GM_FROM_BOTH, .args = 3},
    [GM_WORK_COMPLETE] = {"WORK_COMPLETE", GM_FROM_BOTH, .args = 1, .data = true,
                          .data_omitted = true},
    [GM_WORK_FAIL] = {"WORK_FAIL", GM_FROM_BOTH, .args = 1},
    [GM_GET_STATUS] = {"GET_STATUS", GM_FROM_PEER, .args = 1},
    [GM_ECHO_REQ] = {"ECHO_REQ", GM_FROM_PEER, .data = true},
    [GM_ECHO_RES] = {"ECHO_RES", GM_FROM_SERVER, .data = true},
    [GM_SUBMIT_JOB_BG] = {"SUBMIT_JOB_BG", GM_FROM_PEER, .args = 2, .data = true},
    [GM_ERROR] = {"ERROR", GM_FROM_SERVER, .args = 2},
    [GM_STATUS_RES] = {"STATUS_RES", GM_FROM_SERVER, .args = 5},
    [GM_SUBMIT_JOB_HIGH] = {"SUBMIT_JOB_HIGH", GM_FROM_PEER, .args = 2, .data = true},
    [GM_SET_CLIENT_ID] = {"SET_CLIENT_ID", GM_FROM_PEER, .args = 1},
    [GM_CAN_DO_TIMEOUT] = {"CAN_DO_TIMEOUT", GM_FROM_PEER, .args = 2},
    [GM_ALL_YOURS] = {"ALL_YOURS", GM_FROM_PEER, .args = 0},
    [GM_WORK_EXCEPTION] = {"WORK_EXCEPTION", GM_FROM_BOTH, .args = 1, .data = true,
                           .data_omitted = true},
    [GM_OPTION_REQ] = {"OPTION_REQ", GM_FROM_PEER, .args = 1},
    [GM_OPTION_RES] = {"OPTION_RES", GM_FROM_SERVER, .args = 1},
    [GM_WORK_DATA] = {"WORK_DATA", GM_FROM_BOTH, .args = 1, .data = true, .data_omitted = true},
    [GM_WORK_WARNING] = {"WORK_WARNING", GM_FROM_BOTH, .args = 1, .data = true,
                         .data_omitted = true},
    [GM_GRAB_JOB_UNIQ] = {"GRAB_JOB_UNIQ", GM_FROM_PEER, .args = 0},
    [GM_JOB_ASSIGN_UNIQ] = {"JOB_ASSIGN_UNIQ", GM_FROM_SERVER, .args = 3, .data = true},
    [GM_SUBMIT_JOB_HIGH_BG] = {"SUBMIT_JOB_HIGH_BG", GM_FROM_PEER, .args = 2, .data = true},
    [GM_SUBMIT_JOB_LOW] = {"SUBMIT_JOB_LOW", GM_FROM_PEER, .args = 2, .data = true},
    [GM_SUBMIT_JOB_LOW_BG] = {"SUBMIT_JOB_LOW_BG", GM_FROM_PEER, .args = 2, .data = true},
    [GM_SUBMIT_JOB_SCHED] = {"SUBMIT_JOB_SCHED", GM_FROM_PEER, .args = 7, .data = true},
    [GM_SUBMIT_JOB_EPOCH] = {"SUBMIT_JOB_EPOCH", GM_FROM_PEER, .args = 3, .data = true},
    [GM_SUBMIT_REDUCE_JOB] = {"SUBMIT_REDUCE_JOB", GM_FROM_PEER, .args = 4, .data = true},
    [GM_SUBMIT_REDUCE_JOB_BACKGROUND] = {"SUBMIT_REDUCE_JOB_BACKGROUND", GM_FROM_PEER, .args = 4,
                                         .data = true},
    [GM_GRAB_JOB_ALL] = {"GRAB_JOB_ALL", GM_FROM_PEER, .args = 0},
    [GM_JOB_ASSIGN_ALL] = {"JOB_ASSIGN_ALL", GM_FROM_SERVER, .args = 4, .data = true},
    [GM_GET_STATUS_UNIQUE] = {"GET_STATUS_UNIQUE", GM_FROM_PEER, .args = 1},
    [GM_STATUS_RES_UNIQUE] = {"STATUS_RES_UNIQUE", GM_FROM_SERVER, .args = 6},
};

const struct gm_packet *gm_packet(uint32_t type)
{
    return type > 0 && type < GM_TYPES ? &packets[type] : NULL;
}

const char *gm_packet_name(uint32_t type)
{
    const struct gm_packet *packet = gm_packet(type);

    return packet != NULL ? packet->name : "unknown";
}
