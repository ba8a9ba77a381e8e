#ifndef CONFIG_SUITE_H
#define CONFIG_SUITE_H

/* What every suite about configurations begins with: a config of defaults, no errors, room for a text. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct config config;
static struct config_errors errors;
static char text[CONFIG_PRINT_MAX];

static void setup(void)
{
    config_default(&config);
    memset(&errors, 0, sizeof errors);
}

/* Reads a text that is called `t` in what is said about it. */
static inline bool read_text(const char *ini)
{
    return config_read_text(&config, "t", ini, &errors);
}

/* Runs the suite and gives it back to libcheck; what main() returns. */
static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
