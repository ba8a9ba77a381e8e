/*
 * Scenarios: what a program on libgearman may expect of a Gearman server, one function each.
 *
 * A scenario begins with a server of its own that knows nothing yet, and ends the program with the
 * place and the condition when something does not hold. Processes that it leaves behind are ended
 * by whoever started the program.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <libgearman/gearman.h>
#include <stddef.h>

/* The name is a sentence, with underscores; the table of a file ends with a name that is NULL. */
struct scenario {
    const char *name;
    void (*run)(in_port_t port);
};

extern const struct scenario call_scenarios[];
extern const struct scenario task_scenarios[];
extern const struct scenario background_scenarios[];
extern const struct scenario unique_scenarios[];
extern const struct scenario loss_scenarios[];
extern const struct scenario reduce_scenarios[];

_Noreturn void scenario_fail(const char *file, int line, const char *what);
void check_numbers(const char *file, int line, const char *what, long long got, long long wanted);
void check_bytes(const char *file, int line, const char *what, const void *got, size_t got_size,
                 const void *wanted, size_t wanted_size);

#define CHECK(condition)                                   \
    do {                                                   \
        if (!(condition))                                  \
            scenario_fail(__FILE__, __LINE__, #condition); \
    } while (0)
#define CHECK_INT(got, wanted) \
    check_numbers(__FILE__, __LINE__, #got, (long long)(got), (long long)(wanted))
#define CHECK_BYTES(got, got_size, wanted, wanted_size) \
    check_bytes(__FILE__, __LINE__, #got, got, got_size, wanted, wanted_size)
#define CHECK_TEXT(got, wanted) CHECK_BYTES(got, strlen(got), wanted, strlen(wanted))

#endif
