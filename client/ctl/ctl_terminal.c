#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "ctl_terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 24, BAR_TEXT = BAR_WIDTH + 1, REDRAW_MS = 100 };

static const char take_away[] = "\r\033[K";

/* ---- colours ---- */

static bool has_colours(int fd)
{
    const char *none = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    return isatty(fd) && (none == NULL || none[0] == '\0') && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

const char *ctl_colour(int fd, enum ctl_colour colour)
{
    static const char *const codes[] = {
        [CTL_PLAIN] = "\033[0m",   [CTL_BOLD] = "\033[1m", [CTL_GREEN] = "\033[32m",
        [CTL_YELLOW] = "\033[33m", [CTL_RED] = "\033[31m",
    };

    return has_colours(fd) ? codes[colour] : "";
}

enum ctl_colour ctl_colour_of_share(double share)
{
    return share < 0.75 ? CTL_GREEN : share < 0.9 ? CTL_YELLOW : CTL_RED;
}

char *ctl_bar(char *into, size_t width, double share)
{
    size_t marks = (size_t)((share < 1 ? share : 1) * (double)width + 0.5);

    if (marks == 0 && share > 0)
        marks = 1;
    (void)memset(into, '#', marks);
    (void)memset(into + marks, '.', width - marks);
    into[width] = '\0';
    return into;
}

/* ---- progress ---- */

uint64_t ctl_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void ctl_progress_begin(struct ctl_progress *progress, size_t total)
{
    *progress = (struct ctl_progress){.shown = isatty(STDERR_FILENO),
                                      .shares_stdout = isatty(STDOUT_FILENO),
                                      .begun_ms = ctl_now_ms(),
                                      .total = total};
}

/* "1:02:03", or "2:03". */
static void print_time(uint64_t seconds)
{
    if (seconds >= 3600)
        (void)fprintf(stderr, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600,
                      seconds / 60 % 60, seconds % 60);
    else
        (void)fprintf(stderr, "%" PRIu64 ":%02" PRIu64, seconds / 60, seconds % 60);
}

static void draw(const struct ctl_progress *progress, uint64_t now_ms)
{
    double seconds = (double)(now_ms - progress->begun_ms) / 1000;
    double rate = seconds > 0 ? (double)progress->done / seconds : 0;
    char bar[BAR_TEXT];

    (void)fputs(take_away, stderr);
    if (progress->total > 0) {
        double share = (double)progress->done / (double)progress->total;

        (void)fprintf(stderr, "[%s] %3.0f%%  %zu of %zu", ctl_bar(bar, BAR_WIDTH, share),
                      share * 100, progress->done, progress->total);
    } else {
        (void)fprintf(stderr, "%zu done", progress->done);
    }
    (void)fprintf(stderr, "  %.0f/s", rate);
    if (progress->total > 0)
        (void)fputs(rate > 0 ? "  ETA " : "  ETA -:--", stderr);
    if (progress->total > 0 && rate > 0)
        print_time((uint64_t)((double)(progress->total - progress->done) / rate + 0.5));
    if (progress->failed > 0)
        (void)fprintf(stderr, "  %s%zu failed%s", ctl_colour(STDERR_FILENO, CTL_RED),
                      progress->failed, ctl_colour(STDERR_FILENO, CTL_PLAIN));
}

void ctl_progress_show(struct ctl_progress *progress)
{
    uint64_t now_ms = progress->shown ? ctl_now_ms() : 0;

    if (!progress->shown || now_ms < progress->next_ms)
        return;
    progress->next_ms = now_ms + REDRAW_MS;
    progress->drawn = true;
    draw(progress, now_ms);
}

void ctl_progress_hide(struct ctl_progress *progress)
{
    if (progress->drawn)
        (void)fputs(take_away, stderr);
    progress->drawn = false;
    progress->next_ms = 0;
}
