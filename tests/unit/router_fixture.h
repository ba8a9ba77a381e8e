#ifndef ROUTER_FIXTURE_H
#define ROUTER_FIXTURE_H

/*
 * What every test of the router begins with: a rig with ample pools, torn down by rig_finish(), which
 * finds whatever a test left behind in the core or its pools.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "talk.h"

static struct rig rig;

static void setup(void)
{
    struct rig_setup ample = rig_setup_ample();

    rig_init(&rig, &ample);
}

static void teardown(void)
{
    rig_check(&rig);
    rig_finish(&rig);
}

/* The rig again, with limits or pools of the test's own. */
static inline void rig_replace(const struct rig_setup *other)
{
    rig_finish(&rig);
    rig_init(&rig, other);
}

/* The next message that `remote` hears is this one; a format and its arguments. */
#define HEARS(remote, ...) ck_assert_str_eq(hear(remote), text(__VA_ARGS__))

/* It hears nothing more. */
#define HEARS_NOTHING(remote) ck_assert_str_eq(hear(remote), "")

/* The next message is of this kind, whatever else it says; gives back what it says. */
static inline const char *hear_of(struct remote *remote, const char *name)
{
    const char *heard = hear(remote);
    size_t size = strlen(name);

    ck_assert_msg(strncmp(heard, name, size) == 0 && (heard[size] == ' ' || heard[size] == 0),
                  "heard \"%s\" instead of %s", heard, name);
    return heard[size] == ' ' ? heard + size + 1 : heard + size;
}

/* Keeps a handle, or any other short text. */
static inline void keep(char into[64], const char *handle)
{
    int size = snprintf(into, 64, "%s", handle);

    ck_assert_int_lt(size, 64);
}

/* The handle in the JOB_CREATED that comes next, in one of a few buffers used in turn. */
static inline const char *created(struct remote *client)
{
    static char handles[64][64];
    static size_t next;
    char *into = handles[next++ % 64];

    keep(into, hear_of(client, "JOB_CREATED"));
    ck_assert_msg(strncmp(into, "H:box:", 6) == 0, "a handle is \"%s\"", into);
    return into;
}

/* A client that has submitted FUNCTION|unique|payload (given as text, with the packet's name) and
 * knows its handle. */
static inline const char *submitted(struct remote *client, const char *frame)
{
    say(client, "%s", frame);
    return created(client);
}

/* A remote that can do `function`. */
static inline struct remote *worker_for(const char *function)
{
    struct remote *worker = remote_new(&rig);

    say(worker, "CAN_DO %s", function);
    return worker;
}

/* What the pool `tasks` or `wire` has in use beyond its baseline, in bytes. */
static inline size_t tasks_used(void)
{
    return pool_used(rig.pools.tasks) - rig.tasks_base;
}

static inline size_t wire_used(void)
{
    return pool_used(rig.pools.wire) - rig.wire_base;
}

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
