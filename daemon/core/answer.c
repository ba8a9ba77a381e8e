#include "answer.h"

#include <stdio.h>
#include <string.h>

#include "halt.h"
#include "outbox.h"
#include "percent.h"
#include "pmad_must.h"
#include "probe.h"
#include "router_state.h"
#include "wire.h"

struct out *answer_take(struct peer *peer, size_t size)
{
    struct out *out = wire_take_answer(peer, size);

    if (!out)
        peer_wait(peer, sizeof *out + size, LANE_ANSWERS);
    return out;
}

void answer_in(struct peer *peer, struct out *out, enum gm_type type, const struct gm_slice *args,
               struct body body)
{
    size_t size = gm_head_size(type, args);

    MUST(gm_head_encode(out_bytes(out), size, GM_RES, type, args, body.size) == size);
    outbox_answer(peer, out, size, body);
}

enum router_verdict answer(struct peer *peer, enum gm_type type, const struct gm_slice *args)
{
    size_t size = gm_head_size(type, args);
    struct out *out = answer_take(peer, size);

    if (!out)
        return ROUTER_WAIT;
    answer_in(peer, out, type, args, (struct body){0});
    return ROUTER_SKIP;
}

void answer_error_args(enum answer_error error, struct gm_slice args[2])
{
    static const struct {
        const char *code, *text;
    } errors[] = {
        [ERROR_INVALID_COMMAND] = {"INVALID_COMMAND", "Command not expected"},
        [ERROR_INVALID_MAGIC] = {"INVALID_MAGIC", "Request magic expected"},
        [ERROR_UNKNOWN_OPTION] = {"UNKNOWN_OPTION", "Server does not recognize given option"},
        [ERROR_JOB_NOT_FOUND] = {"JOB_NOT_FOUND", "Job given in work result not found"},
        [ERROR_QUEUE] = {"QUEUE_ERROR", "Job queue is full"},
        [ERROR_ARGUMENT_TOO_LARGE] = {"ARGUMENT_TOO_LARGE", "Unique value too large"},
        [ERROR_ACCESS_DENIED] = {"ACCESS_DENIED", "This connection may not do that"},
    };

    args[0] = gm_text(errors[error].code);
    args[1] = gm_text(errors[error].text);
}

enum router_verdict answer_error(struct peer *peer, enum answer_error error, const char *text)
{
    struct gm_slice args[2];

    answer_error_args(error, args);
    if (text)
        args[1] = gm_text(text);
    return answer(peer, GM_ERROR, args);
}

/* ---- refusals ---- */

struct limit_row {
    const char *name;
    unsigned retry_ms; /* when to try again; 0: it will never do */
};

static const struct limit_row limits[] = {
    [LIMIT_QUEUE] = {"queue", 1000},
    [LIMIT_BYTES] = {"bytes", 1000},
    [LIMIT_WAITERS] = {"waiters", 1000},
    [LIMIT_TASKS] = {"tasks", 1000},
    [LIMIT_POOL] = {"pool", 1000},
    [LIMIT_PAYLOAD] = {"payload", 0},
    [LIMIT_FUNCTIONS] = {"functions", 1000},
    [LIMIT_NAME] = {"name", 0},
    [LIMIT_CONNECTION] = {"connection", 100},
    [LIMIT_CONNECTIONS] = {"connections", 1000},
    [LIMIT_REGISTRATIONS] = {"registrations", 0},
    [LIMIT_DRAINING] = {"draining", 1000},
};

const char *refusal_name(enum refusal_limit limit)
{
    return limits[limit].name;
}

/* Longer names are cut in the answer: who sent it knows the rest. */
enum { NAME_SHOWN = 128, REFUSAL_MAX = 3 * NAME_SHOWN + 256 };

_Static_assert(GM_HEADER_SIZE + sizeof "QUEUE_ERROR" + REFUSAL_MAX <= ANSWER_REFUSAL_MAX,
               "a refusal fits where it is said to");

/* The text of a refusal, in the form of EXTENSIONS section 2; REFUSAL_MAX bytes at most. */
static void refusal_text(const struct refusal *refusal, char *text)
{
    const struct limit_row *limit = &limits[refusal->limit];
    struct gm_slice name = refusal->function;
    char encoded[3 * NAME_SHOWN + 1];
    size_t size;

    if (name.size > NAME_SHOWN)
        name.size = NAME_SHOWN;
    encoded[percent_encode(name, encoded)] = 0;
    size = (size_t)snprintf(text, REFUSAL_MAX,
                            "Job queue is full: limit=%s function=%s used=%zu of=%zu retry_ms=%u",
                            limit->name, encoded, refusal->used, refusal->of, limit->retry_ms);
    if (refusal->limit == LIMIT_POOL)
        (void)snprintf(text + size, REFUSAL_MAX - size, " class=%zu", refusal->block_size);
}

/* Where its function is in the table, it is counted there, too. */
static void count_refusal(struct router *router, const struct refusal *refusal)
{
    struct function *function = NULL;

    if (refusal->function.size > 0)
        function = function_find(&router->functions, refusal->function);
    if (function)
        function->counts.refused[refusal->limit]++;
    router->refused[refusal->limit]++;
    PROBE3(refuse, limits[refusal->limit].name, refusal->function.bytes, refusal->function.size);
}

void answer_refusal_in(struct peer *peer, struct out *out, const struct refusal *refusal)
{
    char text[REFUSAL_MAX];
    struct gm_slice args[2];

    refusal_text(refusal, text);
    answer_error_args(ERROR_QUEUE, args);
    args[1] = gm_text(text);
    answer_in(peer, out, GM_ERROR, args, (struct body){0});
    count_refusal(peer->router, refusal);
}

enum router_verdict answer_refusal(struct peer *peer, const struct refusal *refusal)
{
    char text[REFUSAL_MAX];
    enum router_verdict verdict;

    refusal_text(refusal, text);
    verdict = answer_error(peer, ERROR_QUEUE, text);
    if (verdict == ROUTER_SKIP)
        count_refusal(peer->router, refusal);
    return verdict;
}

struct refusal refusal_of_pool(const struct pmad *pool, struct gm_slice function, size_t size)
{
    struct pmad_stats stats;
    const struct pmad_class_stats *class;
    size_t best = 0;

    pmad_stats(pool, &stats);
    while (best + 1 < stats.class_count && stats.classes[best].block_size < size)
        best++;
    class = &stats.classes[best];
    return (struct refusal){.limit = LIMIT_POOL,
                            .function = function,
                            .used = class->in_use,
                            .of = class->blocks,
                            .block_size = class->block_size};
}
