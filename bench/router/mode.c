#include <string.h>

#include "load.h"

static const struct mode *const modes[] = {&round_trip, &pipelined, &fill, &drain, &open_loop};

const char mode_names[] = "round_trip pipelined fill drain open_loop";

const struct mode *mode_named(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(modes[i]->name, name) == 0)
            return modes[i];
    return NULL;
}
