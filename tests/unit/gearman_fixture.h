#ifndef GEARMAN_FIXTURE_H
#define GEARMAN_FIXTURE_H

/* What the tests of Gearman's rules share: answers compared byte for byte, the usual steps of a
 * worker, and somebody who has nothing to do with it all. */
#include "gm_packet.h"
#include "router_fixture.h"

#define NOT_FOUND "ERROR JOB_NOT_FOUND|Job given in work result not found"

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define SECOND_US INT64_C(1000000)

enum { EXACT_MAX = 1024 };

/* All that `remote` has been told and not heard yet is one frame, header included; `|` in `content`
 * is a NUL. A codec of its own: nothing of it is shared with the one under test. */
static inline void hears_exactly(struct remote *remote, uint8_t type, const char *content)
{
    size_t size = strlen(content);
    uint8_t expected[EXACT_MAX] = {
        0, 'R', 'E', 'S', 0, 0, 0, type, 0, 0, (uint8_t)(size / 256), (uint8_t)(size % 256)};

    ck_assert_uint_le(12 + size, sizeof expected);
    for (size_t i = 0; i < size; i++)
        expected[12 + i] = content[i] == '|' ? 0 : (uint8_t)content[i];
    ck_assert_uint_eq(remote->heard.size - remote->looked_at, 12 + size);
    ck_assert_mem_eq(remote->heard.at + remote->looked_at, expected, 12 + size);
    ck_assert_uint_eq(hear_out(remote), 1);
}

/* The next message begins like this; used for errors whose text says more than the rule. */
static inline void hears_start(struct remote *remote, const char *start)
{
    const char *heard = hear(remote);

    ck_assert_msg(strncmp(heard, start, strlen(start)) == 0, "heard \"%s\" instead of \"%s...\"",
                  heard, start);
}

/* It asks, and gets this task. */
static inline void grabs(struct remote *worker, const char *handle)
{
    say(worker, "GRAB_JOB");
    hears_start(worker, text("JOB_ASSIGN %s|", handle));
}

/* It asks, and there is nothing for it. */
static inline void grabs_nothing(struct remote *worker)
{
    say(worker, "GRAB_JOB");
    HEARS(worker, "NO_JOB");
}

/* A worker of `function` that has this task in its hand. */
static inline struct remote *worker_with(const char *function, const char *handle)
{
    struct remote *worker = worker_for(function);

    grabs(worker, handle);
    return worker;
}

/* It is still connected, and served. */
static inline void is_served(struct remote *remote)
{
    say(remote, "ECHO_REQ still|here");
    HEARS(remote, "ECHO_RES still|here");
    HEARS_NOTHING(remote);
}

/* The one field of `status` in question: 0 is TOTAL, 1 RUNNING, 2 WORKERS. */
static inline long status_of(const char *function, int field)
{
    struct remote *asker = remote_new(&rig);
    const char *row, *end;
    long value = -1;

    say_line(asker, "status");
    while (row = hear(asker), row[0] != 0 && strcmp(row, ".") != 0) {
        end = strchr(row, '\t');
        if (end == NULL || (size_t)(end - row) != strlen(function) ||
            strncmp(row, function, strlen(function)) != 0)
            continue;
        for (int i = 0; i < field; i++)
            end = strchr(end + 1, '\t');
        value = strtol(end + 1, NULL, 10);
    }
    remote_free(asker);
    return value;
}

/* Every task that was accepted has ended, or is still somewhere. */
static inline void counts_balance(void)
{
    struct router_counts counts = rig_counts(&rig);

    ck_assert_uint_eq(counts.submitted, counts.completed + counts.failed + counts.cancelled +
                                            counts.abandoned + counts.delayed + counts.queued +
                                            counts.assigned);
}

/* Somebody who has nothing to do with it all gets his task done. */
static inline void bystander_is_served(void)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("bystander");
    const char *handle = submitted(client, "SUBMIT_JOB bystander||mine");

    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|bystander|mine", handle);
    say(worker, "WORK_COMPLETE %s|done", handle);
    HEARS(client, "WORK_COMPLETE %s|done", handle);
    HEARS_NOTHING(client);
    HEARS_NOTHING(worker);
    counts_balance();
    remote_free(worker);
    remote_free(client);
}

#endif
