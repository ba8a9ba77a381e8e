/* libgearman_scenarios list | PORT NAME: names the scenarios, or runs one on 127.0.0.1:PORT. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct scenario *const tables[] = {call_scenarios,
                                                task_scenarios,
                                                background_scenarios,
                                                unique_scenarios,
                                                loss_scenarios,
                                                reduce_scenarios,
                                                NULL};

void scenario_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    exit(EXIT_FAILURE);
}

void check_numbers(const char *file, int line, const char *what, long long got, long long wanted)
{
    if (got == wanted)
        return;
    fprintf(stderr, "%s is %lld, not %lld\n", what, got, wanted);
    scenario_fail(file, line, what);
}

void check_bytes(const char *file, int line, const char *what, const void *got, size_t got_size,
                 const void *wanted, size_t wanted_size)
{
    if (got_size == wanted_size && (got_size == 0 || memcmp(got, wanted, got_size) == 0))
        return;
    fprintf(stderr, "%s is %zu bytes, not %zu; they begin '%.60s', not '%.60s'\n", what, got_size,
            wanted_size, got_size > 0 ? (const char *)got : "",
            wanted_size > 0 ? (const char *)wanted : "");
    scenario_fail(file, line, what);
}

static const struct scenario *scenario_find(const char *name)
{
    for (const struct scenario *const *table = tables; *table != NULL; table++) {
        for (const struct scenario *one = *table; one->name != NULL; one++) {
            if (name == NULL)
                puts(one->name);
            else if (strcmp(one->name, name) == 0)
                return one;
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct scenario *found;

    if (argc != 3) {
        scenario_find(NULL);
        return EXIT_SUCCESS;
    }
    found = scenario_find(argv[2]);
    if (found == NULL)
        scenario_fail(argv[0], 0, "there is a scenario of this name");
    found->run((in_port_t)strtoul(argv[1], NULL, 10));
    return EXIT_SUCCESS;
}
