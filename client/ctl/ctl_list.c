#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "ctl_list.h"

#include <unistd.h>

const struct argp_option ctl_list_options[] = {CTL_JSON_OPTION, {0}};

error_t ctl_list_parse(int key, char *arg, struct argp_state *state)
{
    bool *json = state->input;

    if (key != 'j')
        return ctl_no_options(key, arg, state);
    *json = true;
    return 0;
}

enum ctl_exit ctl_list_read(struct ctl_table *table, const struct ctl_listing *listing,
                            const char *lines)
{
    switch (ctl_table_read(table, listing, lines)) {
    case PMADC_OK:
        return CTL_COMPLETE;
    case PMADC_MEMORY:
        ctl_say("out of memory");
        return CTL_FAILED;
    default:
        ctl_say(
            "the daemon's answer to `%s' makes no sense; is it older or newer than this program?",
            listing->line);
        return CTL_NO_DAEMON;
    }
}

enum ctl_exit ctl_list_show(const struct ctl_listing *listing, const char *lines, bool json)
{
    enum ctl_style style = json                    ? CTL_AS_JSON
                           : isatty(STDOUT_FILENO) ? CTL_FOR_PEOPLE
                                                   : CTL_FOR_SCRIPTS;
    struct ctl_table table;
    enum ctl_exit done = ctl_list_read(&table, listing, lines);

    if (done != CTL_COMPLETE)
        return done;
    if (!ctl_table_print(&table, style)) {
        ctl_say("out of memory");
        done = CTL_FAILED;
    }
    ctl_table_free(&table);
    return ctl_flush(done);
}
