#ifndef LOG_NAME_H
#define LOG_NAME_H

/* Every event that is logged, by the name that it keeps, and its level; docs/operations.md says what each
 * means, and a test that none is missing there. */
#include "config.h"

enum log_name {
    LOG_READY,
    LOG_DRAINING,
    LOG_ENDED,
    LOG_ENDED_WITH_LOSS,
    LOG_RELOADED,
    LOG_RELOAD_REFUSED,
    LOG_STUCK,
    LOG_UNSTUCK,
    LOG_AUDIT_FAILED,
    LOG_SPOOL_READ,
    LOG_SPOOL_FULL,
    LOG_SPOOL_DAMAGED,
    LOG_SPOOL_PUT_ASIDE,
    LOG_SPOOL_FAILED,
    LOG_CONNECTED,
    LOG_DISCONNECTED,
    LOG_DENIED,
    LOG_DROPPED,
    LOG_TURNED_AWAY,
    LOG_GROUPS_UNSEEN,
    LOG_CONNECTIONS_FULL,
    LOG_ACCEPT_FAILED,
    LOG_NO_CLOCK_NEWS,
    LOG_OPEN_TO_OTHERS,
    LOG_TCP_ONLY,
    LOG_SOCKET_REPLACED,
    LOG_OPTION_IGNORED,
    LOG_POOL_UNTOUCHED,
    LOG_POOL_NOT_PREFAULTED,
    LOG_POOL_NOT_LOCKED,
    LOG_POOL_SMALL_PAGES,
    LOG_POOL_NO_HUGE_PAGES,
    LOG_POOL_DAMAGED,
    LOG_POOL_LEAK,
    LOG_POOL_FAILED,
    LOG_POOL_TOO_SMALL,
    LOG_LISTEN_FAILED,
    LOG_PASSED_WRONG,
    LOG_PID_FILE_FAILED,
    LOG_LOG_FILE_FAILED,
    LOG_USER_FAILED,
    LOG_TOO_FEW_DESCRIPTORS,
    LOG_LOOP_FAILED,
    LOG_NO_RANDOM,
    LOG_NAMES
};

/* Small letters and hyphens. */
const char *log_name_text(enum log_name name);

enum config_log_level log_name_level(enum log_name name);

#endif
