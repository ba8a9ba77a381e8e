#include "protocol.h"

#include <string.h>

static const struct protocol *const protocols[] = {&gearman, &relay, &beanstalk, &redis, &nats};

const char protocol_names[] = "gearman relay beanstalk redis nats";

const struct protocol *protocol_named(const char *name)
{
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (strcmp(protocols[i]->name, name) == 0)
            return protocols[i];
    return NULL;
}
