#ifndef TOP_H
#define TOP_H

/*
 * What `pmadctl top` shows. A look at the daemon (top_look.c), its functions worked out by top_functions.c,
 * becomes lines of text of the size of the screen (top_view.c), which ncurses (top_screen.c) or a plain refresh prints: neither knows the daemon.
 */
#include "ctl_list.h"
#include "ctl_terminal.h"
#include "snapshot.h"

enum {
    TOP_LINE_SIZE = 1024, /* bytes of a line with its NUL: no screen is wider than it shows */
    TOP_LINES_MAX = 512,
    TOP_NOTE_SIZE = 512,
    TOP_FILTER_SIZE = 64
};

/* ---- looking ---- */

/* The median of some times, and what 1 % of them are above, in microseconds; -1: there are none. */
struct top_times {
    double median_us, p99_us;
};

/* One function, as of a look and what has come since the one before. */
struct top_function {
    char *name; /* as people write it: snapshot_name() */
    unsigned long long queued, running, tasks, workers, oldest_us;
    bool held;                    /* paused or draining */
    double done_rate;             /* ends of tasks in a second */
    struct top_times waited, ran; /* since the look before; where nothing has, since it counts */
};

/* One look: the daemon's lists, as of the same moment but for the time they took. */
struct top_look {
    bool complete; /* else there are no tables */
    uint64_t at_ms;
    struct snapshot told;
    struct top_function *functions;
    size_t function_count;
    struct ctl_table workers, pools;
};

/* Works out the functions of a look from what it and the one before, which may be incomplete, were told.
 * False without memory. */
bool top_functions_make(struct top_look *look, const struct top_look *before);

void top_functions_free(struct top_look *look);

/* The daemon as it is watched. Without it the last looks stay as they are. */
struct top_watch {
    const struct ctl *ctl;
    struct pmadc *client;
    struct top_look now, before;
    char note[TOP_NOTE_SIZE]; /* why there is no news; "" when there is */
    bool refused;             /* it does not let us look: that does not change by waiting */
};

/* Looks again, and connects again first where that is needed. Returns what that came to: `note` has it
 * in words if it is not CTL_COMPLETE. */
enum ctl_exit top_look(struct top_watch *watch);

void top_forget(struct top_watch *watch);

/* A figure of `stats`, 0 if there is none; and how much it grew in a second since the last look. */
unsigned long long top_figure(const struct top_look *look, const char *name);
double top_rate(const struct top_watch *watch, const char *name);

/* ---- what is shown ---- */

enum top_page { TOP_FUNCTIONS, TOP_WORKERS, TOP_POOLS, TOP_PAGES };
enum top_order {
    TOP_BY_TASKS,
    TOP_BY_RUNNING,
    TOP_BY_WORKERS,
    TOP_BY_AGE,
    TOP_BY_NAME,
    TOP_ORDERS
};

extern const char *const top_page_names[TOP_PAGES];
extern const char *const top_order_names[TOP_ORDERS];

struct top_view {
    enum top_page page;
    enum top_order order;
    char filter[TOP_FILTER_SIZE]; /* only names with this in them */
    size_t first;                 /* row of the list that is the first one shown */
    bool paused;
    bool with_keys; /* the last line says which keys there are */
    size_t width, height;
};

struct top_line {
    enum ctl_colour colour;
    char text[TOP_LINE_SIZE]; /* valid UTF-8 without controls, no wider than the view */
};

/* Writes the lines, at most `view->height`, and returns how many; corrects `view->first` where the list
 * has become shorter. */
size_t top_draw(const struct top_watch *watch, struct top_view *view, struct top_line *lines);

/* ---- the screen ---- */

/* Shows it on the terminal until the user has had enough, `looks` times (0: no such end), or until the
 * daemon does not let us look. */
enum ctl_exit top_screen(struct top_watch *watch, struct top_view *view, int interval_ms,
                         uint64_t looks);

#endif
