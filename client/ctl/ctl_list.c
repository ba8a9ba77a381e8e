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

enum ctl_exit ctl_list_show(const struct ctl_listing *listing, const char *lines, bool json)
{
    enum ctl_style style = json                    ? CTL_AS_JSON
                           : isatty(STDOUT_FILENO) ? CTL_FOR_PEOPLE
                                                   : CTL_FOR_SCRIPTS;
    struct ctl_table table;
    enum pmadc_status status = ctl_table_read(&table, listing, lines);
    bool printed;

    if (status == PMADC_PROTOCOL) {
        ctl_say(
            "the daemon's answer to `%s' makes no sense; is it older or newer than this program?",
            listing->line);
        return CTL_NO_DAEMON;
    }
    printed = status == PMADC_OK && ctl_table_print(&table, style);
    if (status == PMADC_OK)
        ctl_table_free(&table);
    if (!printed)
        ctl_say("out of memory");
    return ctl_flush(printed ? CTL_COMPLETE : CTL_FAILED);
}
