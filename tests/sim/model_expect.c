/* What somebody is going to hear. */
#include <stdlib.h>

#include "gm_packet.h"
#include "model_state.h"

struct expected *expect(struct actor *actor, uint32_t type, struct job *job)
{
    struct expected *expected = heap_take(sizeof *expected);

    expected->type = type;
    expected->job = job;
    *actor->expected_end = expected;
    actor->expected_end = &expected->next;
    return expected;
}

struct expected *expect_text(struct actor *actor, uint32_t type, struct job *job, const char *rest)
{
    struct expected *expected = expect(actor, type, job);

    for (; *rest != 0; rest++)
        bytes_add(&expected->rest, *rest == '|' ? "" : rest, 1);
    return expected;
}

struct expected *expect_error(struct actor *actor, const char *code)
{
    struct expected *expected = expect_text(actor, GM_ERROR, NULL, code);

    expected->prefix = true;
    return expected;
}

struct expected *expect_line(struct actor *actor, const char *start)
{
    struct expected *expected = expect_text(actor, 0, NULL, start);

    expected->prefix = true;
    return expected;
}

static void expected_free(struct expected *expected)
{
    bytes_free(&expected->rest);
    free(expected);
}

void expected_drop(struct actor *actor, struct expected *expected)
{
    struct expected **at = &actor->expected;

    while (*at != expected)
        at = &(*at)->next;
    *at = expected->next;
    if (*at == NULL)
        actor->expected_end = at;
    expected_free(expected);
}

void expected_free_all(struct actor *actor)
{
    while (actor->expected != NULL)
        expected_drop(actor, actor->expected);
}
