#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl_terminal.h"
#include "ctl_text.h"
#include "top.h"

enum { NAME_WIDTH_MIN = 16, BAR_WIDTH = 26, POOL_BAR_WIDTH = 14 };

const char *const top_page_names[TOP_PAGES] = {"functions", "workers", "pools"};
const char *const top_order_names[TOP_ORDERS] = {"tasks", "running", "workers", "age", "name"};

/* ---- lines ---- */

struct page {
    const struct top_watch *watch;
    struct top_view *view;
    struct top_line *lines;
    size_t count, room; /* lines there are, and may be */
};

/* Cuts valid UTF-8 to so many characters. */
static void cut(char *text, size_t width)
{
    for (; *text != '\0'; text++) {
        bool begins = ((unsigned char)*text & 0xC0) != 0x80;

        if (begins && width-- == 0) {
            *text = '\0';
            return;
        }
    }
}

static void put(struct page *page, enum ctl_colour colour, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void put(struct page *page, enum ctl_colour colour, const char *format, ...)
{
    struct top_line *line = &page->lines[page->count];
    char *repaired;
    va_list args;

    if (page->count == page->room)
        return;
    va_start(args, format);
    (void)vsnprintf(line->text, sizeof line->text, format, args);
    va_end(args);
    /* A name that was cut by its bytes may end in half a character. */
    repaired = ctl_repair(line->text, false);
    (void)snprintf(line->text, sizeof line->text, "%s", repaired != NULL ? repaired : "");
    free(repaired);
    cut(line->text, page->view->width);
    line->colour = colour;
    page->count++;
}

/* The text as people see it, cut and filled up to `width` characters; `into` has TOP_LINE_SIZE bytes. */
static const char *column(char *into, const char *text, size_t width)
{
    char *repaired = ctl_repair(text, false);
    size_t used, end;

    (void)snprintf(into, TOP_LINE_SIZE, "%s", repaired != NULL ? repaired : "");
    free(repaired);
    cut(into, width);
    end = strlen(into);
    for (used = ctl_width(into); used < width && end + 1 < TOP_LINE_SIZE; used++)
        into[end++] = ' ';
    into[end] = '\0';
    return into;
}

static bool passes(const struct page *page, const char *name)
{
    return page->view->filter[0] == '\0' || strstr(name, page->view->filter) != NULL;
}

/* ---- the head ---- */

/* Used and most used of a pool, by bytes. */
struct fill {
    double used, most, whole;
};

static struct fill fill_of(const struct ctl_table *pools, const char *name)
{
    struct fill fill = {.whole = 0};

    for (size_t i = 0; i < pools->row_count; i++) {
        char *const *cells = pools->rows[i].cells;
        double size = strtod(cells[1], NULL);

        if (strcmp(cells[0], name) != 0 || !(size > 0))
            continue;
        fill.whole += size * strtod(cells[2], NULL);
        fill.used += size * strtod(cells[3], NULL);
        fill.most += size * strtod(cells[4], NULL);
    }
    return fill;
}

/* A bar with a mark where the most was that there ever was. */
static const char *marked_bar(char *into, size_t width, double share, double most)
{
    size_t mark = (size_t)((most < 1 ? most : 1) * (double)width + 0.5);

    (void)ctl_bar(into, width, share);
    if (most > 0)
        into[mark > 0 ? mark - 1 : 0] = '|';
    return into;
}

static double part(double of, double whole)
{
    return whole > 0 ? of / whole : 0;
}

static void put_pools_in_short(struct page *page)
{
    static const char *const pairs[][2] = {{"tasks", "wire"}, {"workers", "runtime"}};

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct fill left = fill_of(&page->watch->now.pools, pairs[i][0]);
        struct fill right = fill_of(&page->watch->now.pools, pairs[i][1]);
        double share = part(left.used, left.whole);
        double other = part(right.used, right.whole);
        char bars[2][POOL_BAR_WIDTH + 1];

        (void)marked_bar(bars[0], POOL_BAR_WIDTH, share, part(left.most, left.whole));
        (void)marked_bar(bars[1], POOL_BAR_WIDTH, other, part(right.most, right.whole));
        /* What the tables of `runtime' take is taken at the start: full is how it should be. */
        put(page, ctl_colour_of_share(i == 0 && other > share ? other : share),
            "%-8s [%s] %3.0f%%      %-8s [%s] %3.0f%%", pairs[i][0], bars[0], share * 100,
            pairs[i][1], bars[1], other * 100);
    }
}

static void put_head(struct page *page)
{
    const struct top_watch *watch = page->watch;
    const struct top_look *now = &watch->now;
    char address[TOP_LINE_SIZE];
    char clock[16] = "";
    time_t seconds = time(NULL);
    struct tm local;

    if (localtime_r(&seconds, &local) != NULL)
        (void)strftime(clock, sizeof clock, "%H:%M:%S", &local);
    put(page, CTL_BOLD, "pmadd at %s  %s%s",
        pmadc_address(address, sizeof address, watch->ctl->socket), clock,
        page->view->paused ? "  PAUSED" : "");
    if (watch->note[0] != '\0')
        put(page, CTL_RED, "%s; looking again", watch->note);
    if (!now->complete)
        return;
    put(page, CTL_PLAIN,
        "tasks %llu: %llu queued, %llu running, %llu delayed   "
        "workers %llu   connections %llu",
        top_figure(now, "tasks"), top_figure(now, "queued"), top_figure(now, "assigned"),
        top_figure(now, "delayed"), top_figure(now, "workers"), top_figure(now, "peers"));
    put(page, CTL_PLAIN,
        "a second: %.0f in, %.0f done, %.0f failed, %.0f refused   "
        "ever refused: %llu",
        top_rate(watch, "submitted"), top_rate(watch, "completed"), top_rate(watch, "failed"),
        top_rate(watch, "refused"), top_figure(now, "refused"));
    put_pools_in_short(page);
}

/* ---- the lists ---- */

/* A time in 6 characters. */
static const char *short_time(char into[16], double us)
{
    static const struct {
        double below_us, unit_us;
        const char *name;
    } units[] = {{1e3, 1, "us"}, {1e6, 1e3, "ms"}, {1e9, 1e6, "s"}, {1e12, 3.6e9, "h"}};

    for (size_t i = 0; us >= 0 && i < sizeof units / sizeof *units; i++)
        if (us < units[i].below_us) {
            (void)snprintf(into, 16, us / units[i].unit_us < 10 ? "%.1f%s" : "%.0f%s",
                           us / units[i].unit_us, units[i].name);
            return into;
        }
    return us < 0 ? "-" : "long";
}

static void put_function(struct page *page, const struct top_function *function, size_t name_width)
{
    enum ctl_colour colour = function->held                                   ? CTL_YELLOW
                             : function->queued > 0 && function->workers == 0 ? CTL_RED
                                                                              : CTL_PLAIN;
    char name[TOP_LINE_SIZE];
    char times[5][16];

    put(page, colour, "%s %6llu %5llu %5llu %6s %7.0f %6s %6s %6s %6s",
        column(name, function->name, name_width), function->queued, function->running,
        function->workers,
        function->queued > 0 ? short_time(times[0], (double)function->oldest_us) : "-",
        function->done_rate, short_time(times[1], function->waited.median_us),
        short_time(times[2], function->waited.p99_us),
        short_time(times[3], function->ran.median_us), short_time(times[4], function->ran.p99_us));
}

static unsigned long long weight_of(const struct top_function *function, enum top_order order)
{
    switch (order) {
    case TOP_BY_TASKS:
        return function->tasks;
    case TOP_BY_RUNNING:
        return function->running;
    case TOP_BY_WORKERS:
        return function->workers;
    case TOP_BY_AGE:
        return function->oldest_us;
    case TOP_BY_NAME:
    case TOP_ORDERS:
        break;
    }
    return 0;
}

/* The most first; where they are alike, by name. */
static int compare(const void *left, const void *right, void *order)
{
    const struct top_function *a = left;
    const struct top_function *b = right;
    unsigned long long x = weight_of(a, *(const enum top_order *)order);
    unsigned long long y = weight_of(b, *(const enum top_order *)order);

    if (x != y)
        return x < y ? 1 : -1;
    return strcmp(a->name, b->name);
}

/* The rows that pass the filter; to be freed. NULL without memory. */
static struct ctl_row *choose(const struct page *page, const struct ctl_table *table,
                              size_t named_by, size_t *count)
{
    struct ctl_row *rows = calloc(table->row_count + 1, sizeof *rows);

    *count = 0;
    for (size_t i = 0; rows != NULL && i < table->row_count; i++)
        if (passes(page, table->rows[i].cells[named_by]))
            rows[(*count)++] = table->rows[i];
    return rows;
}

/* The list begins where the user has scrolled to, and says what is left out. */
static void scroll(const struct page *page, size_t count)
{
    size_t shown = page->room > page->count ? page->room - page->count : 0;
    size_t last = count > shown ? count - shown : 0;

    if (page->view->first > last)
        page->view->first = last;
}

/* Those that pass the filter; to be freed. NULL without memory. */
static struct top_function *choose_functions(const struct page *page, size_t *count)
{
    const struct top_look *look = &page->watch->now;
    struct top_function *chosen = calloc(look->function_count + 1, sizeof *chosen);

    *count = 0;
    for (size_t i = 0; chosen != NULL && i < look->function_count; i++)
        if (passes(page, look->functions[i].name))
            chosen[(*count)++] = look->functions[i];
    return chosen;
}

static void put_functions(struct page *page)
{
    size_t numbers = 62; /* characters of all columns but the name */
    size_t width = page->view->width;
    size_t name_width = width > numbers + NAME_WIDTH_MIN ? width - numbers : (size_t)NAME_WIDTH_MIN;
    size_t count;
    struct top_function *rows = choose_functions(page, &count);
    char name[TOP_LINE_SIZE];

    put(page, CTL_BOLD, "%s %6s %5s %5s %6s %7s %6s %6s %6s %6s",
        column(name, "FUNCTION", name_width), "QUEUED", "RUN", "WORK", "OLDEST", "DONE/S", "WAIT50",
        "WAIT99", "RUN50", "RUN99");
    if (rows != NULL)
        qsort_r(rows, count, sizeof *rows, compare, &page->view->order);
    scroll(page, count);
    for (size_t i = page->view->first; rows != NULL && i < count; i++)
        put_function(page, &rows[i], name_width);
    free(rows);
}

static void put_workers(struct page *page)
{
    size_t count;
    struct ctl_row *rows = choose(page, &page->watch->now.workers, 3, &count);
    char address[TOP_LINE_SIZE];
    char id[TOP_LINE_SIZE];

    put(page, CTL_BOLD, "%6s  %s %s %s", "FD", column(address, "ADDRESS", 20), column(id, "ID", 16),
        "FUNCTIONS");
    scroll(page, count);
    for (size_t i = page->view->first; rows != NULL && i < count; i++) {
        char *const *cells = rows[i].cells;

        put(page, CTL_PLAIN, "%6s  %s %s %s", cells[0], column(address, cells[1], 20),
            column(id, cells[2], 16), cells[3]);
    }
    free(rows);
}

static void put_pools(struct page *page)
{
    size_t count;
    struct ctl_row *rows = choose(page, &page->watch->now.pools, 0, &count);

    put(page, CTL_BOLD, "%-8s %7s %8s %8s %-*s %5s %8s", "POOL", "CLASS", "BLOCKS", "USED",
        BAR_WIDTH + 2, " (| the most there ever was)", "", "REFUSED");
    scroll(page, count);
    for (size_t i = page->view->first; rows != NULL && i < count; i++) {
        char *const *cells = rows[i].cells;
        double blocks = strtod(cells[2], NULL);
        double share = part(strtod(cells[3], NULL), blocks);
        char bar[BAR_WIDTH + 1];

        put(page, ctl_colour_of_share(share), "%-8s %7s %8s %8s [%s] %4.0f%% %8s", cells[0],
            cells[1], cells[2], cells[3],
            marked_bar(bar, BAR_WIDTH, share, part(strtod(cells[4], NULL), blocks)), share * 100,
            cells[5]);
    }
    free(rows);
}

static void put_keys(struct page *page)
{
    const struct top_view *view = page->view;

    page->room++;
    put(page, CTL_BOLD, "q quit  p pause  TAB %s  s by %s  / filter%s%s  arrows scroll",
        top_page_names[(view->page + 1) % TOP_PAGES], top_order_names[view->order],
        view->filter[0] != '\0' ? ": " : "", view->filter);
}

size_t top_draw(const struct top_watch *watch, struct top_view *view, struct top_line *lines)
{
    static void (*const pages[TOP_PAGES])(struct page * page) = {
        [TOP_FUNCTIONS] = put_functions, [TOP_WORKERS] = put_workers, [TOP_POOLS] = put_pools};
    size_t room = view->height < TOP_LINES_MAX ? view->height : TOP_LINES_MAX;
    struct page page = {.watch = watch, .view = view, .lines = lines};

    page.room = view->with_keys && room > 0 ? room - 1 : room;
    put_head(&page);
    if (watch->now.complete) {
        put(&page, CTL_PLAIN, "%s", "");
        pages[view->page](&page);
    }
    while (view->with_keys && page.count < page.room)
        put(&page, CTL_PLAIN, "%s", "");
    if (view->with_keys)
        put_keys(&page);
    return page.count;
}
