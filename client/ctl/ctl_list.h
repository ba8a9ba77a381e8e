#ifndef CTL_LIST_H
#define CTL_LIST_H

/* What the verbs that list something share: --json, and the way from lines to what is printed. */
#include "ctl.h"
#include "ctl_table.h"

/* -j, --json, as argp has it; for the verbs that have more options of their own, too. */
#define CTL_JSON_OPTION                                                      \
    {                                                                        \
        .name = "json", .key = 'j', .doc = "print one JSON array of objects" \
    }

extern const struct argp_option ctl_list_options[];

/* The parser of verbs that have --json and nothing else; their input is a bool. */
error_t ctl_list_parse(int key, char *arg, struct argp_state *state);

/* What the daemon is asked for a list, and its columns. */
extern const struct ctl_listing ctl_list_functions;  /* status */
extern const struct ctl_listing ctl_list_priorities; /* prioritystatus */
extern const struct ctl_listing ctl_list_workers;    /* workers */
extern const struct ctl_listing ctl_list_pools;      /* pools */
extern const struct ctl_listing ctl_list_figures;    /* stats */

/* Asks for one. On anything but CTL_COMPLETE it has said why, and there is no table. */
enum ctl_exit ctl_list_ask(const struct ctl *ctl, struct pmadc *client,
                           const struct ctl_listing *listing, struct ctl_table *table);

/* ctl_table_read() that says what it could not do; on anything but CTL_COMPLETE there is no table. */
enum ctl_exit ctl_list_read(struct ctl_table *table, const struct ctl_listing *listing,
                            const char *lines);

/* Prints lines of that kind as the reader of stdout wants them: a terminal, a pipe, or JSON. */
enum ctl_exit ctl_list_show(const struct ctl_listing *listing, const char *lines, bool json);

#endif
