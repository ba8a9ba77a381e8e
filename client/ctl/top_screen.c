/* The screen of pmadctl top. Nothing but this file knows ncurses. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <ctype.h>
#include <curses.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_terminal.h"
#include "top.h"

enum { REDRAW = 'L' & 0x1F, ESCAPE = 27, ESCAPE_MS = 25, COLOURS = CTL_RED + 1 };

struct screen {
    struct top_watch *watch;
    struct top_view *view;
    bool coloured;
    bool typing; /* a filter */
    bool over;
};

static void begin(struct screen *screen)
{
    static const short colours[COLOURS] = {
        [CTL_GREEN] = COLOR_GREEN, [CTL_YELLOW] = COLOR_YELLOW, [CTL_RED] = COLOR_RED};
    const char *none = getenv("NO_COLOR");

    (void)cbreak();
    (void)noecho();
    (void)keypad(stdscr, TRUE);
    (void)set_escdelay(ESCAPE_MS);
    (void)curs_set(0);
    screen->coloured = (none == NULL || none[0] == '\0') && has_colors();
    if (!screen->coloured)
        return;
    (void)start_color();
    (void)use_default_colors();
    for (int i = CTL_GREEN; i < COLOURS; i++)
        (void)init_pair((short)i, colours[i], -1);
}

static attr_t attributes(const struct screen *screen, enum ctl_colour colour)
{
    if (colour == CTL_BOLD)
        return A_BOLD;
    if (colour == CTL_PLAIN || !screen->coloured)
        return A_NORMAL;
    return (attr_t)COLOR_PAIR(colour);
}

static void draw(const struct screen *screen)
{
    static struct top_line lines[TOP_LINES_MAX];
    size_t count;

    screen->view->width = (size_t)(COLS > 0 ? COLS : 1);
    screen->view->height = (size_t)(LINES > 0 ? LINES : 1);
    count = top_draw(screen->watch, screen->view, lines);
    (void)erase();
    for (size_t i = 0; i < count; i++) {
        (void)attrset((int)attributes(screen, lines[i].colour));
        (void)mvaddstr((int)i, 0, lines[i].text);
    }
    if (screen->typing)
        (void)mvprintw(LINES - 1, 0, "filter: %s_", screen->view->filter);
    (void)refresh();
}

/* ---- keys ---- */

static void type(struct screen *screen, int key)
{
    char *filter = screen->view->filter;
    size_t size = strlen(filter);

    if (key == '\n' || key == KEY_ENTER) {
        screen->typing = false;
    } else if (key == ESCAPE) {
        screen->typing = false;
        filter[0] = '\0';
    } else if ((key == KEY_BACKSPACE || key == '\b' || key == 0x7F) && size > 0) {
        filter[size - 1] = '\0';
    } else if (key < KEY_MIN && key >= ' ' && key != 0x7F && size + 1 < TOP_FILTER_SIZE) {
        filter[size] = (char)key;
        filter[size + 1] = '\0';
    }
}

static void press(struct screen *screen, int key)
{
    struct top_view *view = screen->view;
    size_t page = view->height / 2;

    switch (key) {
    case 'q':
        screen->over = true;
        return;
    case 'p':
    case ' ':
        view->paused = !view->paused;
        return;
    case '\t':
        view->page = (enum top_page)((view->page + 1) % TOP_PAGES);
        view->first = 0;
        return;
    case 's':
        view->order = (enum top_order)((view->order + 1) % TOP_ORDERS);
        return;
    case '/':
        screen->typing = true;
        view->first = 0;
        return;
    case KEY_UP:
        view->first -= view->first > 0;
        return;
    case KEY_DOWN:
        view->first++; /* never behind the end: drawing sees to that */
        return;
    case KEY_PPAGE:
        view->first -= view->first < page ? view->first : page;
        return;
    case KEY_NPAGE:
        view->first += page;
        return;
    default:
        return;
    }
}

/* Takes keys until it is time to look again. */
static void attend(struct screen *screen, uint64_t until_ms)
{
    uint64_t now_ms;

    draw(screen);
    while (!screen->over && (now_ms = ctl_now_ms()) < until_ms) {
        int key;

        timeout((int)(until_ms - now_ms));
        key = getch();
        if (key == ERR)
            continue;
        if (key == REDRAW)
            (void)clearok(stdscr, TRUE); /* somebody else has written here */
        else if (screen->typing)
            type(screen, key);
        else
            press(screen, key);
        draw(screen);
    }
}

enum ctl_exit top_screen(struct top_watch *watch, struct top_view *view, int interval_ms,
                         uint64_t looks)
{
    struct screen screen = {.watch = watch, .view = view};
    enum ctl_exit done = CTL_COMPLETE;
    SCREEN *terminal;

    (void)setlocale(LC_CTYPE, "");
    terminal = newterm(NULL, stdout, stdin);
    if (terminal == NULL) {
        ctl_say("this terminal cannot be drawn on; set TERM");
        return CTL_USAGE;
    }
    begin(&screen);
    view->with_keys = true;
    for (uint64_t look = 0; !screen.over && (looks == 0 || look < looks); look++) {
        uint64_t next_ms = ctl_now_ms() + (uint64_t)interval_ms;

        if (!view->paused)
            done = top_look(watch);
        if (watch->refused)
            break;
        attend(&screen, next_ms);
    }
    (void)endwin();
    delscreen(terminal);
    return done;
}
