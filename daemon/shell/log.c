/* All events come from one place of this file: no news. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "log_fields.h"
#include "text.h"

enum { LOG_LINE_MAX = 1024, LOG_SECOND_US = 1000000 };

/* How the lines of a log begin, or that the journal is given fields. */
enum log_style { LOG_PLAIN, LOG_PRIORITY, LOG_NATIVE, LOG_TIMED };

static const char journal_socket[] = "/run/systemd/journal/socket";

static enum config_log_level log_level = LOG_LEVEL_NOTICE;
static enum log_style log_style = LOG_PLAIN;
static int log_fd = STDERR_FILENO; /* -1: nowhere */
static bool log_starting = true;

/* What may repeat, by its name. */
static struct {
    uint64_t next_us; /* when the next line may be written */
    uint64_t held;    /* lines left out since the last one */
} brakes[LOG_NAMES];

static const char *const level_words[] = {
    [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
    [LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug",
};

/* JOURNAL_STREAM is inherited by children whose stderr is something else: only a stderr that is
 * that very stream is the journal's (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char ours[64];
    struct text text = text_in(ours, sizeof ours);
    struct stat about;

    if (stream == NULL || fstat(STDERR_FILENO, &about) < 0)
        return false;
    text_put(&text, "%ju:%ju", (uintmax_t)about.st_dev, (uintmax_t)about.st_ino);

    for (size_t i = 0; ours[i] != '\0' || stream[i] != '\0'; i++) {
        if (ours[i] != stream[i])
            return false;
    }
    return true;
}

/* What has to be known of time zones is read now, and not with the first line. */
static int open_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    int err = errno;

    if (fd < 0) {
        log_event(LOG_LOG_FILE_FAILED, "log_file %s: %s", path, strerror(err));
        return -err;
    }
    tzset();
    log_fd = fd;
    log_style = LOG_TIMED;
    return 0;
}

int log_open(const struct config_server *server)
{
    const char *file = server->log_file;
    bool is_stderr = file[0] == '\0' || strcmp(file, "stderr") == 0;

    log_level = server->log_level;
    log_style = LOG_PLAIN;
    if (stderr_is_journal())
        log_style = is_stderr && access(journal_socket, W_OK) == 0 ? LOG_NATIVE : LOG_PRIORITY;
    if (is_stderr)
        return 0;
    if (strcmp(file, "none") != 0)
        return open_file(file);
    log_fd = -1;
    return 0;
}

void log_set_level(enum config_log_level level)
{
    log_level = level;
}

void log_started(void)
{
    log_starting = false;
}

static void text_put_time(struct text *text)
{
    struct timespec now;
    struct tm utc;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    text_put(text, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ ", utc.tm_year + 1900, utc.tm_mon + 1,
             utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
}

/* A name from outside must not be able to begin a line of its own. */
static void text_make_plain(struct text *text)
{
    for (size_t i = 0; i < text->used; i++) {
        if ((unsigned char)text->bytes[i] < ' ' || text->bytes[i] == '\x7f')
            text->bytes[i] = '?';
    }
}

/* Nobody is left to be told that the log is gone. */
static void write_line(int fd, enum log_name name, const struct text *event)
{
    char bytes[LOG_LINE_MAX + 128];
    struct text line = text_in(bytes, sizeof bytes);

    if (log_style == LOG_TIMED)
        text_put_time(&line);
    if (log_style == LOG_PRIORITY || log_style == LOG_NATIVE)
        text_put(&line, "<%d>", (int)log_name_level(name));
    else
        text_put(&line, "pmadd: %s: ", level_words[log_name_level(name)]);
    text_put(&line, "%s: %s\n", log_name_text(name), event->bytes);
    if (fd >= 0 && write(fd, line.bytes, line.used) < 0)
        return;
}

/* False: the journal does not take it. */
static bool send_fields(enum log_name name, const struct text *event)
{
    struct log_fields fields;

    log_fields_make(&fields, name, event->bytes, event->used);
    return sd_journal_sendv(fields.items, (int)fields.count) >= 0;
}

static void log_say(enum log_name name, uint64_t held, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void log_say(enum log_name name, uint64_t held, const char *format, va_list arguments)
{
    char bytes[LOG_LINE_MAX];
    struct text text = text_in(bytes, sizeof bytes);

    text_put_list(&text, format, arguments);
    if (held > 0)
        text_put(&text, " left_out=%" PRIu64, held);
    text_make_plain(&text);
    if (log_style == LOG_NATIVE && send_fields(name, &text))
        return;
    write_line(log_fd, name, &text);
    if (log_starting && log_fd != STDERR_FILENO && log_name_level(name) <= LOG_LEVEL_ERROR)
        write_line(STDERR_FILENO, name, &text);
}

void log_event(enum log_name name, const char *format, ...)
{
    va_list arguments;

    if (log_name_level(name) > log_level)
        return;
    va_start(arguments, format);
    log_say(name, 0, format, arguments);
    va_end(arguments);
}

void log_seldom(enum log_name name, uint64_t now_us, const char *format, ...)
{
    va_list arguments;

    if (log_name_level(name) > log_level)
        return;
    if (now_us < brakes[name].next_us) {
        brakes[name].held++;
        return;
    }
    va_start(arguments, format);
    log_say(name, brakes[name].held, format, arguments);
    va_end(arguments);
    brakes[name].next_us = now_us + LOG_SECOND_US;
    brakes[name].held = 0;
}

void log_left_out(enum log_name name, uint64_t count)
{
    brakes[name].held += count;
}
