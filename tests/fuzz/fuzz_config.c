/* Any bytes as a configuration file: errors or a config, and a config prints as what reads back the
 * same. The first line doubles as an assignment of the command line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_fixture.h"
#include "target.h"

enum { FUZZ_TEXT_MAX = 65536 };

/* A config that was taken must print, and mean the same when it is read again. */
static void check_round_trip(const struct config *config)
{
    static char printed[CONFIG_PRINT_MAX];
    static struct config again;
    struct config_errors errors = {0};

    if (config_print(config, printed, sizeof printed) >= sizeof printed)
        abort();
    config_default(&again);
    if (!config_read_text(&again, "printed", printed, &errors) || !same_config(&again, config))
        abort();
}

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[FUZZ_TEXT_MAX];
    static struct config config;
    struct config_errors errors = {0};
    bool good;

    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    config_default(&config);
    good = config_read_text(&config, "fuzz", text, &errors);
    if (good != (errors.count == 0))
        abort();
    text[strcspn(text, "\n")] = '\0';
    good = config_set(&config, text, &errors) && good;
    if (good && config_finish(&config, &errors))
        check_round_trip(&config);
    return 0;
}
