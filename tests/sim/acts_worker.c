/* What workers do. */
#include <stdio.h>
#include <string.h>

#include "acts.h"
#include "gm_packet.h"
#include "stream.h"

/* ---- abilities ---- */

/* As clients send it, and what it means. */
static const struct {
    const char *text;
    size_t size;
    uint64_t limit_us;
} limits[] = {
    {"0", 1, 0},          {"1", 1, 1000000},      {"999", 3, 1000000}, {"2500\0", 5, 2500000},
    {"7000", 4, 7000000}, {"20000", 5, 20000000}, {"\0\0\0\7", 4, 0},  {"soon", 4, 0}};

void changes_abilities(struct world *world, struct actor *actor)
{
    static const uint32_t types[] = {GM_CAN_DO, GM_CAN_DO,          GM_CAN_DO, GM_CAN_DO_TIMEOUT,
                                     GM_CAN_DO, GM_RESET_ABILITIES, GM_CANT_DO};
    uint32_t type = types[dice_roll(&world->dice, sizeof types / sizeof *types)];
    size_t limit = dice_roll(&world->dice, sizeof limits / sizeof *limits);
    struct request *request = request_add(actor, type);

    request->function = (unsigned)dice_roll(&world->dice, FUNCTIONS);
    if (type == GM_CAN_DO_TIMEOUT) {
        if (!world->model.limits_time)
            limit = 0;
        request->limit_us = limits[limit].limit_us;
        bytes_add(&request->data, limits[limit].text, limits[limit].size);
    }
    stream_request(world, actor, request);
    actor->doomed = model_closes(&world->model, actor, request);
    stream_deliver(world, actor, actor->doomed);
}

void falls_asleep(struct world *world, struct actor *actor)
{
    stream_request(world, actor, request_add(actor, GM_PRE_SLEEP));
    stream_deliver(world, actor, false);
}

/* With starved pools only assignments that carry the unique id: the model knows them by it. */
void grabs(struct world *world, struct actor *actor)
{
    static const uint32_t types[] = {GM_GRAB_JOB_ALL, GM_GRAB_JOB_UNIQ, GM_GRAB_JOB};
    size_t ways = world->model.strictness == MODEL_EXACT ? 3 : 2;

    stream_request(world, actor, request_add(actor, types[dice_roll(&world->dice, ways)]));
    stream_deliver(world, actor, false);
}

/* ---- credit ---- */

/* So many, or nothing like a number of that kind: below 0, above the limit, more than that. */
void asks_for_push(struct world *world, struct actor *actor)
{
    static const size_t credits[] = {0, 0, 0, 1, 1, 1, 2, 3, 5, 17, 65535};
    static const char *const bad[] = {
        "", "-1", "65536", "99999999999999999999999", " 1", "1.5", "0x1", "+1", "1 ", "one", "1,2"};
    struct request *request = request_add(actor, GM_OPTION_REQ);
    char option[48];

    request->is_credit = dice_chance(&world->dice, 85);
    request->credit = credits[dice_roll(&world->dice, sizeof credits / sizeof *credits)];
    if (request->is_credit)
        (void)snprintf(option, sizeof option, "pmad-push=%s%zu",
                       dice_chance(&world->dice, 10) ? "00" : "", request->credit);
    else
        (void)snprintf(option, sizeof option, "pmad-push=%s",
                       bad[dice_roll(&world->dice, sizeof bad / sizeof *bad)]);
    world_note(world, actor, "option %s", option);
    add_text(&request->data, option, false);
    stream_request(world, actor, request);
    stream_deliver(world, actor, false);
}

/* ---- results ---- */

struct job *held_by(const struct actor *actor)
{
    struct job *job = TAILQ_LAST(&actor->hand, job_list);

    while (job != NULL && job->handle[0] == 0)
        job = TAILQ_PREV(job, job_list, in_hand);
    return job;
}

/* A ledger tells the news of a job apart by what they say. */
void says_of(struct world *world, struct actor *actor, struct job *job, uint32_t type)
{
    struct request *request = request_add(actor, type);
    size_t size = body_size(world);
    bool is_news = world->model.strictness == MODEL_LEDGER &&
                   (type == GM_WORK_DATA || type == GM_WORK_WARNING);
    char numbers[48];

    request->job = job;
    if (type == GM_WORK_STATUS) {
        int length = snprintf(numbers, sizeof numbers, "|%zu|%zu", dice_roll(&world->dice, 1000),
                              dice_roll(&world->dice, 100000));

        for (int i = 0; i < length; i++)
            bytes_add(&request->data, numbers[i] == '|' ? "" : &numbers[i], 1);
    } else if (type != GM_WORK_FAIL && (size > 0 || is_news || dice_chance(&world->dice, 50))) {
        if (size > world->model.setup.limits.payload_max)
            size = world->model.setup.limits.payload_max;
        if (size < 4 && world->model.strictness == MODEL_LEDGER)
            size = 4;
        bytes_add(&request->data, "", 1);
        model_fill(&request->data, ++world->model.serials, size);
    }
    stream_request(world, actor, request);
}

static const uint32_t says[] = {GM_WORK_COMPLETE, GM_WORK_COMPLETE,  GM_WORK_COMPLETE,
                                GM_WORK_FAIL,     GM_WORK_EXCEPTION, GM_WORK_STATUS,
                                GM_WORK_STATUS,   GM_WORK_DATA,      GM_WORK_WARNING};

void works(struct world *world, struct actor *actor)
{
    struct job *job = held_by(actor);
    uint32_t type = says[dice_roll(&world->dice, sizeof says / sizeof *says)];

    if (job == NULL)
        return;
    says_of(world, actor, job, type);
    if (type == GM_WORK_EXCEPTION && dice_chance(&world->dice, 50))
        says_of(world, actor, job, GM_WORK_FAIL);
    if (dice_chance(&world->dice, 40)) {
        grabs(world, actor);
        return;
    }
    stream_deliver(world, actor, false);
}

void meddles(struct world *world, struct actor *actor)
{
    struct job *job = some_job(world);

    if (job == NULL)
        return;
    says_of(world, actor, job, says[dice_roll(&world->dice, sizeof says / sizeof *says)]);
    stream_deliver(world, actor, false);
}
