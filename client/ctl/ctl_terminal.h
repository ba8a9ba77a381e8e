#ifndef CTL_TERMINAL_H
#define CTL_TERMINAL_H

/*
 * What only a terminal is shown: colours, and how far a long piece of work has come. Elsewhere all of
 * this is nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ctl_colour { CTL_PLAIN, CTL_BOLD, CTL_GREEN, CTL_YELLOW, CTL_RED };

/* The bytes that switch to a colour on that descriptor; "" where there are none to be: it is no
 * terminal, or a dumb one, or $NO_COLOR is set. */
const char *ctl_colour(int fd, enum ctl_colour colour);

/* How full something is, as a colour. */
enum ctl_colour ctl_colour_of_share(double share);

/* Writes a bar of `width` characters and a NUL; something is never shown as nothing. Returns `into`. */
char *ctl_bar(char *into, size_t width, double share);

/* The line at the bottom of a terminal: a bar, a rate, and when it will be over. */
struct ctl_progress {
    bool shown;          /* stderr is a terminal */
    bool shares_stdout;  /* so is stdout: the line is in the way of what is printed there */
    bool drawn;          /* the line is there now */
    uint64_t begun_ms;   /* on the monotonic clock */
    uint64_t next_ms;    /* not drawn again before */
    size_t total;        /* 0: nobody knows */
    size_t done, failed; /* how many of them so far */
};

/* Milliseconds of the monotonic clock. */
uint64_t ctl_now_ms(void);

void ctl_progress_begin(struct ctl_progress *progress, size_t total);

/* Draws the line where that was not done lately. */
void ctl_progress_show(struct ctl_progress *progress);

/* Takes the line away: something else is to be printed, or all is over. */
void ctl_progress_hide(struct ctl_progress *progress);

#endif
