#include "stage.h"

#include <string.h>

#include "gm_packet.h"
#include "pool_copy.h"
#include "talk.h"

enum { POOLS = 4, HEADER_SIZE = 12, FUNCTION_ROWS = 3 };

/* ---- setups ---- */

/* Whatever is scarce is so scarce that a few acts meet its end. */
static const struct kind {
    size_t tasks_pool; /* bytes */
    size_t wire_more;  /* bytes of the pool `wire` beyond its floor */
    struct router_limits limits;
} kinds[STAGE_SETUPS / 2] = {
    /* nothing that a short conversation meets */
    {40960,
     32768,
     {.tasks = 24,
      .functions = 12,
      .payload_max = 8192,
      .submissions_per_connection = 16,
      .waiters_per_task = 6,
      .registrations_per_worker = 8,
      .outbox_max = 32768}},
    /* few of everything */
    {32768,
     28672,
     {.connections_reserved = 2,
      .tasks = 8,
      .functions = 3,
      .payload_max = 4096,
      .submissions_per_connection = 4,
      .waiters_per_task = 3,
      .registrations_per_worker = 2,
      .outbox_max = 8192}},
    /* bodies that take most of the memory there is */
    {65536,
     28672,
     {.connections_reserved = 1,
      .tasks = 24,
      .functions = 8,
      .payload_max = 30000,
      .submissions_per_connection = 24,
      .waiters_per_task = 4,
      .registrations_per_worker = 4,
      .outbox_max = 100000}},
    /* memory enough, but who does not read is too slow at once */
    {40960,
     28672,
     {.connections_reserved = 3,
      .tasks = 16,
      .functions = 4,
      .payload_max = 2048,
      .submissions_per_connection = 16,
      .waiters_per_task = 16,
      .registrations_per_worker = 4,
      .outbox_max = 512,
      .slow_peer_grace_us = 2000}},
};

static struct router_pattern pattern_of(const char *bytes, bool open)
{
    struct router_pattern pattern = {.size = strlen(bytes)};

    for (size_t i = 0; i < pattern.size; i++)
        pattern.items[i] = (uint8_t)bytes[i];
    if (open)
        pattern.items[pattern.size++] = ROUTER_ANY_BYTES;
    return pattern;
}

/* `a` has a reserve, what begins with `b` is tried twice, `c` may not queue much. */
static void rows_make(struct router_function_row rows[FUNCTION_ROWS])
{
    rows[0] = (struct router_function_row){pattern_of("a", false),
                                           {.reserve = 2, .reserve_size = 100, .timeout_us = 4000}};
    rows[1] = (struct router_function_row){
        pattern_of("b", true), {.retries = 2, .retry_on_fail = true, .timeout_us = 2000}};
    rows[2] = (struct router_function_row){pattern_of("c", false),
                                           {.max_queue = 3, .max_bytes = 1000, .retries = 1}};
}

/* Setups come in pairs: plain, and with all that can be turned on. */
static struct rig_setup setup_make(size_t number)
{
    static struct router_function_row rows[FUNCTION_ROWS];
    static struct router_pattern patterns[STAGE_PATTERNS];
    const struct kind *kind = &kinds[number / 2];
    struct rig_setup setup = {
        .limits = kind->limits,
        .tasks = {.pool_size = kind->tasks_pool,
                  .class_count = 2,
                  .classes = {{384, 40}, {2048, 60}}},
        .wire = {.class_count = 3, .classes = {{128, 6}, {2048, 40}, {8192, 54}}},
        .patterns = patterns,
        .pattern_count = STAGE_PATTERNS,
        .worker_wakeup = 1,
        .seed = 7};

    patterns[0] = pattern_of("a", false);
    patterns[1] = pattern_of("b", true);
    setup.limits.connections = STAGE_PLACES;
    setup.limits.function_name_max = 24;
    setup.limits.text_line_max = 96;
    setup.wire.pool_size = router_wire_floor(&setup.limits) + kind->wire_more;
    if (number % 2 == 0)
        return setup;
    rows_make(rows);
    setup.functions = rows;
    setup.function_count = FUNCTION_ROWS;
    setup.worker_wakeup = number % 4 == 1 ? 0 : 2;
    setup.round_robin = setup.exceptions = true;
    setup.limits.slow_peer_grace_us = 2000;
    setup.limits.frame_timeout_us = 5000;
    setup.limits.idle_timeout_us = 9000;
    return setup;
}

/* ---- a setup is made once ---- */

static struct kept {
    bool made;
    struct rig rig;
    struct pool_copy copies[POOLS];
} kept[STAGE_SETUPS];

static void setup_keep(struct kept *keep, size_t number)
{
    struct rig_setup setup = setup_make(number);

    rig_init(&keep->rig, &setup);
    pool_copy_make(&keep->copies[0], keep->rig.pools.tasks);
    pool_copy_make(&keep->copies[1], keep->rig.pools.wire);
    pool_copy_make(&keep->copies[2], keep->rig.pools.workers);
    pool_copy_make(&keep->copies[3], keep->rig.pools.runtime);
    keep->made = true;
}

void stage_begin(struct stage *stage, size_t setup)
{
    struct kept *keep = &kept[setup];

    if (!keep->made)
        setup_keep(keep, setup);
    else
        for (size_t i = 0; i < POOLS; i++)
            pool_copy_put_back(&keep->copies[i]);
    *stage = (struct stage){.rig = keep->rig};
}

/* ---- an input ---- */

uint8_t input_byte(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->at++;
}

struct input input_run(struct input *input)
{
    struct input run = {.size = input_byte(input)};

    if (run.size > input->size)
        run.size = input->size;
    run.at = input->at;
    input->at += run.size;
    input->size -= run.size;
    return run;
}

/* ---- places ---- */

static void place_empty(struct place *place)
{
    if (place->remote != NULL)
        remote_free(place->remote);
    bytes_free(&place->unsent);
    *place = (struct place){0};
}

void place_fill(struct stage *stage, struct place *place)
{
    if (place->remote != NULL && place->remote->seat != NULL)
        return;
    place_empty(place);
    place->remote = remote_new(&stage->rig);
}

void place_join(struct stage *stage, struct place *place, unsigned rights)
{
    place_empty(place);
    if (router_has_room(stage->rig.router, rights & RIGHT_ALL))
        place->remote = remote_with(&stage->rig, rights & RIGHT_ALL);
    for (size_t i = 0; place->remote != NULL && i < STAGE_PATTERNS; i++)
        if (rights & 16u << i)
            router_grant(stage->rig.router, &place->remote->seat->peer,
                         i == 0 ? RIGHT_SUBMIT : RIGHT_WORK, i);
}

void place_leave(struct place *place)
{
    bytes_free(&place->unsent);
    remote_leave(place->remote);
}

void place_post(struct place *place, const void *bytes, size_t size)
{
    if (place->trickle > 0 || place->unsent.size > 0)
        bytes_add(&place->unsent, bytes, size);
    else
        remote_post(place->remote, bytes, size);
}

static void number_put(uint8_t *into, size_t number)
{
    for (size_t i = 0; i < 4; i++)
        into[i] = (uint8_t)(number >> (24 - 8 * i));
}

void place_post_frame(struct place *place, uint32_t type, const void *front, size_t front_size,
                      struct input rest)
{
    uint8_t header[HEADER_SIZE] = {0, 'R', 'E', 'Q'};

    number_put(header + 4, type);
    number_put(header + 8, front_size + rest.size);
    place_post(place, header, sizeof header);
    place_post(place, front, front_size);
    place_post(place, rest.at, rest.size);
}

static void place_trickle(struct place *place)
{
    size_t part = place->unsent.size;

    if (part == 0 || place->remote == NULL)
        return;
    if (place->trickle > 0 && part > place->trickle)
        part = place->trickle;
    remote_post(place->remote, place->unsent.at, part);
    bytes_drop(&place->unsent, part);
}

/* ---- a turn ---- */

/* Remembers the handle that a JOB_CREATED or a JOB_ASSIGN* begins with. */
static void remember(struct stage *stage, struct place *place, const struct heard_frame *heard)
{
    char handle[STAGE_HANDLE_MAX] = "";
    size_t size = 0;

    while (size < heard->size && heard->bytes[size] != 0 && size + 1 < sizeof handle)
        size++;
    memcpy(handle, heard->bytes, size);
    if (heard->type != GM_JOB_CREATED)
        memcpy(place->assigned, handle, sizeof handle);
    if (strcmp(stage->told[0], handle) == 0)
        return;
    memmove(stage->told[1], stage->told[0], sizeof stage->told - sizeof stage->told[0]);
    memcpy(stage->told[0], handle, sizeof handle);
}

static void place_listen(struct stage *stage, struct place *place)
{
    struct heard_frame heard;

    while (place->remote != NULL && hear_frame(place->remote, &heard)) {
        if (heard.is_line)
            continue;
        driver_expect(gm_packet(heard.type) != NULL, "somebody was told a packet of no type");
        switch (heard.type) {
        case GM_JOB_CREATED:
        case GM_JOB_ASSIGN:
        case GM_JOB_ASSIGN_UNIQ:
        case GM_JOB_ASSIGN_ALL:
            remember(stage, place, &heard);
            break;
        default:
            break;
        }
    }
}

/* What was accepted is there, or has ended. */
static void counts_check(const struct rig *rig)
{
    struct router_counts counts = rig_counts(rig);
    uint64_t ended = counts.completed + counts.failed + counts.cancelled + counts.abandoned;

    driver_expect(counts.submitted == ended + counts.delayed + counts.queued + counts.assigned,
                  "what was submitted is neither there nor ended");
}

void stage_turn(struct stage *stage)
{
    for (size_t i = 0; i < STAGE_PLACES; i++)
        place_trickle(&stage->places[i]);
    rig_turn(&stage->rig);
    for (size_t i = 0; i < STAGE_PLACES; i++)
        place_listen(stage, &stage->places[i]);
    counts_check(&stage->rig);
}

/* ---- the end ---- */

/* Whatever happened before, somebody new is answered. */
static void newcomer_is_served(struct rig *rig)
{
    struct remote *newcomer = remote_new(rig);

    say(newcomer, "ECHO_REQ is anybody there?");
    driver_expect(strcmp(hear(newcomer), "ECHO_RES is anybody there?") == 0,
                  "all have left, and a newcomer is not served");
    remote_free(newcomer);
}

static void bases_check(const struct rig *rig)
{
    driver_expect(pool_used(rig->pools.tasks) == rig->tasks_base, "the pool tasks has lost blocks");
    driver_expect(pool_used(rig->pools.wire) == rig->wire_base, "the pool wire has lost blocks");
    driver_expect(pool_used(rig->pools.workers) == rig->workers_base,
                  "the pool workers has lost blocks");
}

static void pool_check(struct pmad *pool)
{
    enum pmad_finding finding = pmad_check(pool, NULL);

    driver_expect(finding == PMAD_SOUND, pmad_finding_text(finding));
}

static void router_end(struct rig *rig)
{
    router_finish(rig->router);
    pool_check(rig->pools.runtime); /* which is used only to make and to end a router */
    driver_expect(pool_used(rig->pools.tasks) == 0 && pool_used(rig->pools.wire) == 0 &&
                      pool_used(rig->pools.workers) == 0 && pool_used(rig->pools.runtime) == 0,
                  "router_finish() has kept blocks");
}

void stage_end(struct stage *stage, bool finish)
{
    struct rig *rig = &stage->rig;

    (void)router_scarcity(rig->router, 0, false);
    rig_check(rig);
    for (size_t i = 0; i < STAGE_PLACES; i++)
        place_empty(&stage->places[i]);
    newcomer_is_served(rig);
    (void)router_abandon(rig->router);
    driver_expect(router_is_empty(rig->router), "tasks are left when all have been given up");
    rig_check(rig);
    bases_check(rig);
    if (finish)
        router_end(rig);
    pool_check(rig->pools.tasks);
    pool_check(rig->pools.wire);
    pool_check(rig->pools.workers);
}
