/* pmadctl top: the daemon as it goes on, on a screen or as plain text. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "top.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl_text.h"

enum { INTERVAL_MS = 1000, INTERVAL_MIN_MS = 100, PLAIN_WIDTH = 80, LOOKS_MAX = 1000000000 };

struct top {
    int interval_ms;
    uint64_t looks;
    bool plain;
    struct top_view view;
};

static const struct argp_option options[] = {
    {.name = "interval", .key = 'i', .arg = "DURATION", .doc = "look so often; 1s by default"},
    {.name = "count", .key = 'n', .arg = "N", .doc = "end after N looks"},
    {.name = "page",
     .key = 'g',
     .arg = "functions|workers|pools",
     .doc = "what to begin with; functions by default"},
    {.name = "filter", .key = 'F', .arg = "TEXT", .doc = "only what has this in its name"},
    {.name = "plain", .key = 'P', .doc = "print one look after the other, as without a terminal"},
    {0},
};

static bool parse_page(const char *word, enum top_page *page)
{
    for (int i = TOP_FUNCTIONS; i < TOP_PAGES; i++) {
        if (strcmp(word, top_page_names[i]) == 0) {
            *page = (enum top_page)i;
            return true;
        }
    }
    return false;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct top *top = state->input;

    switch (key) {
    case 'i':
        if (!ctl_duration(arg, &top->interval_ms) || top->interval_ms < INTERVAL_MIN_MS)
            argp_error(state, "--interval is 100ms or more, not %s", arg);
        return 0;
    case 'n':
        if (!ctl_count(arg, 1, LOOKS_MAX, &top->looks))
            argp_error(state, "--count is a number from 1, not %s", arg);
        return 0;
    case 'g':
        if (!parse_page(arg, &top->view.page))
            argp_error(state, "there is no page %s; say functions, workers or pools", arg);
        return 0;
    case 'F':
        if (strlen(arg) >= sizeof top->view.filter)
            argp_error(state, "--filter has at most %zu bytes", sizeof top->view.filter - 1);
        memcpy(top->view.filter, arg, strlen(arg) + 1);
        return 0;
    case 'P':
        top->plain = true;
        return 0;
    default:
        return ctl_no_options(key, arg, state);
    }
}

static void pause_for(int ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    (void)nanosleep(&left, NULL);
}

/* One look after the other, an empty line between them. That the daemon is away is said once. */
static enum ctl_exit refresh_plainly(struct top_watch *watch, struct top *top)
{
    static struct top_line lines[TOP_LINES_MAX];
    enum ctl_exit done = CTL_COMPLETE;
    bool away = false;

    top->view.width = PLAIN_WIDTH;
    top->view.height = TOP_LINES_MAX;
    for (uint64_t look = 0; top->looks == 0 || look < top->looks; look++) {
        size_t count;

        if (look > 0)
            pause_for(top->interval_ms);
        done = top_look(watch);
        if (watch->refused)
            return done;
        if (done != CTL_COMPLETE) {
            if (!away)
                ctl_say("%s; looking again", watch->note);
            away = true;
            continue;
        }
        if (away)
            ctl_say("the daemon is back");
        away = false;
        count = top_draw(watch, &top->view, lines);
        for (size_t i = 0; i < count; i++)
            (void)printf("%s\n", lines[i].text);
        (void)putchar('\n');
        if (ctl_flush(done) != CTL_COMPLETE)
            return CTL_FAILED;
    }
    return done;
}

int ctl_top(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc =
            "Shows the daemon as it goes on: tasks, rates, pools with a mark at the most that was "
            "ever used, and functions, workers or classes of memory. When the daemon goes away, "
            "says so and looks for it again. Without a terminal prints one look after the other."
            "\vKeys: q quit, p pause, TAB next page, s next order, / filter (ESC: none),\n"
            "arrows and page keys scroll, Ctrl-L draws all anew. A function in red\nhas tasks and "
            "no worker.\n\n"
            "Examples:\n  pmadctl top\n  pmadctl top --page=pools --interval=200ms\n"
            "  pmadctl top --count=2 > now.txt",
    };
    struct top top = {.interval_ms = INTERVAL_MS};
    struct top_watch watch = {.ctl = ctl};
    enum ctl_exit done;

    ctl_parse(ctl, &argp, argc, argv, &top);
    if (top.plain || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        done = refresh_plainly(&watch, &top);
    else
        done = top_screen(&watch, &top.view, top.interval_ms, top.looks);
    if (watch.refused)
        ctl_say("%s", watch.note);
    top_forget(&watch);
    return done;
}
