#include "log_name.h"

static const struct {
    const char *text;
    enum config_log_level level;
} rows[LOG_NAMES] = {
    [LOG_READY] = {"ready", LOG_LEVEL_NOTICE},
    [LOG_DRAINING] = {"draining", LOG_LEVEL_NOTICE},
    [LOG_ENDED] = {"ended", LOG_LEVEL_NOTICE},
    [LOG_ENDED_WITH_LOSS] = {"ended-with-loss", LOG_LEVEL_WARNING},
    [LOG_RELOADED] = {"reloaded", LOG_LEVEL_NOTICE},
    [LOG_RELOAD_REFUSED] = {"reload-refused", LOG_LEVEL_ERROR},
    [LOG_STUCK] = {"stuck", LOG_LEVEL_WARNING},
    [LOG_UNSTUCK] = {"unstuck", LOG_LEVEL_NOTICE},
    [LOG_AUDIT_FAILED] = {"audit-failed", LOG_LEVEL_ERROR},
    [LOG_SPOOL_READ] = {"spool-read", LOG_LEVEL_NOTICE},
    [LOG_SPOOL_FULL] = {"spool-full", LOG_LEVEL_WARNING},
    [LOG_SPOOL_DAMAGED] = {"spool-damaged", LOG_LEVEL_ERROR},
    [LOG_SPOOL_PUT_ASIDE] = {"spool-put-aside", LOG_LEVEL_ERROR},
    [LOG_SPOOL_FAILED] = {"spool-failed", LOG_LEVEL_ERROR},
    [LOG_CONNECTED] = {"connected", LOG_LEVEL_DEBUG},
    [LOG_DISCONNECTED] = {"disconnected", LOG_LEVEL_DEBUG},
    [LOG_DENIED] = {"denied", LOG_LEVEL_WARNING},
    [LOG_DROPPED] = {"dropped", LOG_LEVEL_WARNING},
    [LOG_TURNED_AWAY] = {"turned-away", LOG_LEVEL_WARNING},
    [LOG_GROUPS_UNSEEN] = {"groups-unseen", LOG_LEVEL_WARNING},
    [LOG_CONNECTIONS_FULL] = {"connections-full", LOG_LEVEL_WARNING},
    [LOG_ACCEPT_FAILED] = {"accept-failed", LOG_LEVEL_ERROR},
    [LOG_NO_CLOCK_NEWS] = {"no-clock-news", LOG_LEVEL_NOTICE},
    [LOG_OPEN_TO_OTHERS] = {"open-to-others", LOG_LEVEL_WARNING},
    [LOG_TCP_ONLY] = {"tcp-only", LOG_LEVEL_NOTICE},
    [LOG_SOCKET_REPLACED] = {"socket-replaced", LOG_LEVEL_INFO},
    [LOG_OPTION_IGNORED] = {"option-ignored", LOG_LEVEL_NOTICE},
    [LOG_POOL_UNTOUCHED] = {"pool-untouched", LOG_LEVEL_NOTICE},
    [LOG_POOL_NOT_PREFAULTED] = {"pool-not-prefaulted", LOG_LEVEL_WARNING},
    [LOG_POOL_NOT_LOCKED] = {"pool-not-locked", LOG_LEVEL_WARNING},
    [LOG_POOL_SMALL_PAGES] = {"pool-small-pages", LOG_LEVEL_INFO},
    [LOG_POOL_NO_HUGE_PAGES] = {"pool-no-huge-pages", LOG_LEVEL_WARNING},
    [LOG_POOL_DAMAGED] = {"pool-damaged", LOG_LEVEL_ERROR},
    [LOG_POOL_LEAK] = {"pool-leak", LOG_LEVEL_ERROR},
    [LOG_POOL_FAILED] = {"pool-failed", LOG_LEVEL_ERROR},
    [LOG_POOL_TOO_SMALL] = {"pool-too-small", LOG_LEVEL_ERROR},
    [LOG_LISTEN_FAILED] = {"listen-failed", LOG_LEVEL_ERROR},
    [LOG_PASSED_WRONG] = {"passed-wrong", LOG_LEVEL_ERROR},
    [LOG_PID_FILE_FAILED] = {"pid-file-failed", LOG_LEVEL_ERROR},
    [LOG_LOG_FILE_FAILED] = {"log-file-failed", LOG_LEVEL_ERROR},
    [LOG_USER_FAILED] = {"user-failed", LOG_LEVEL_ERROR},
    [LOG_TOO_FEW_DESCRIPTORS] = {"too-few-descriptors", LOG_LEVEL_ERROR},
    [LOG_LOOP_FAILED] = {"loop-failed", LOG_LEVEL_ERROR},
    [LOG_NO_RANDOM] = {"no-random", LOG_LEVEL_ERROR},
};

const char *log_name_text(enum log_name name)
{
    return rows[name].text;
}

enum config_log_level log_name_level(enum log_name name)
{
    return rows[name].level;
}
