#include "log.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

enum { LOG_LINE_MAX = 1024, LOG_SECOND_US = 1000000 };

static enum config_log_level log_level = LOG_LEVEL_NOTICE;
static bool log_to_journal;

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

void log_open(enum config_log_level level)
{
    log_level = level;
    log_to_journal = stderr_is_journal();
}

/* A name from outside must not be able to begin a line of its own. */
static void text_end_line(struct text *text)
{
    for (size_t i = 0; i < text->used; i++) {
        if ((unsigned char)text->bytes[i] < ' ' || text->bytes[i] == '\x7f')
            text->bytes[i] = '?';
    }
    if (text->used == text->room - 1)
        text->used--;
    text->bytes[text->used++] = '\n';
}

static void log_line(enum config_log_level level, uint64_t held, const char *format,
                     va_list arguments) __attribute__((format(printf, 3, 0)));

static void log_line(enum config_log_level level, uint64_t held, const char *format,
                     va_list arguments)
{
    char bytes[LOG_LINE_MAX];
    struct text text = text_in(bytes, sizeof bytes);

    if (log_to_journal)
        text_put(&text, "<%d>", (int)level);
    else
        text_put(&text, "pmadd: %s: ", level_words[level]);
    text_put_list(&text, format, arguments);
    if (held > 0)
        text_put(&text, " (and %" PRIu64 " more before)", held);
    text_end_line(&text);

    /* Nobody is left to be told that the log is gone. */
    if (write(STDERR_FILENO, text.bytes, text.used) < 0)
        return;
}

void log_event(enum config_log_level level, const char *format, ...)
{
    va_list arguments;

    if (level > log_level)
        return;
    va_start(arguments, format);
    log_line(level, 0, format, arguments);
    va_end(arguments);
}

void log_seldom(struct log_brake *brake, uint64_t now_us, enum config_log_level level,
                const char *format, ...)
{
    va_list arguments;

    if (level > log_level)
        return;
    if (now_us < brake->next_us) {
        brake->held++;
        return;
    }
    va_start(arguments, format);
    log_line(level, brake->held, format, arguments);
    va_end(arguments);
    *brake = (struct log_brake){.next_us = now_us + LOG_SECOND_US, .held = 0};
}
