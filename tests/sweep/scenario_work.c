#include "scenario.h"

enum { SECOND_US = 1000000, SMALL_PIECE = 30 };

static void play_assign(struct trial *trial)
{
    struct actor *worker = &trial->actors[3];
    struct actor *sleeper = trial_worker(trial, "g");

    act(sleeper, "PRE_SLEEP");
    act(worker, "GRAB_JOB");
    act(worker, "GRAB_JOB_UNIQ");
    act(worker, "GRAB_JOB_ALL");
    act(worker, "GRAB_JOB");
    act(sleeper, "GRAB_JOB");
    act(worker, "PRE_SLEEP");
    act(&trial->actors[0], "SUBMIT_JOB g||x");
    act(sleeper, "GRAB_JOB");
}

/* The pool `wire` has room for the lanes, one read, and little else. */
static void change_little_room(struct rig_setup *setup)
{
    setup->wire.pool_size = 150000;
}

/* Three do not read, and leave less than a body needs beside itself. A second task in one hand would take
 * of that. */
static void play_second_task(struct trial *trial)
{
    struct actor *clients = trial->actors;
    enum { CLIENTS = 3, ECHOS = 16 };

    for (int i = 0; i < CLIENTS; i++) {
        clients[i].remote->appetite = 0;
        for (int echo = 0; echo < ECHOS; echo++)
            act_data(&clients[i], "ECHO_REQ ", 2000);
    }
    for (int i = 0; i < 2; i++)
        act(&clients[CLIENTS], "GRAB_JOB");
    for (int i = 0; i < CLIENTS; i++)
        clients[i].remote->appetite = SIZE_MAX;
    trial_turn(trial);
}

/* Tasks that wait for a worker that is given them unasked, and a worker that waits for tasks, as many as
 * its credit allows. */
static void play_pushed(struct trial *trial)
{
    struct actor *worker = &trial->actors[3];

    act(worker, "OPTION_REQ exceptions");
    act(worker, "OPTION_REQ pmad-push=5");
    act(&trial->actors[0], "SUBMIT_JOB g||x");
    act(worker, "CAN_DO g");
    act(&trial->actors[0], "SUBMIT_JOB g||y");
    act(worker, "OPTION_REQ pmad-push=0");
}

static void play_complete_small(struct trial *trial)
{
    act_hand(&trial->actors[3], "WORK_COMPLETE", "|result", 0, true);
    act(&trial->actors[3], "GRAB_JOB");
    act_hand(&trial->actors[3], "WORK_COMPLETE", "|", 0, true);
    act(&trial->actors[3], "WORK_COMPLETE H:box:99|x");
}

static void play_complete_large(struct trial *trial)
{
    struct actor *worker = &trial->actors[3];

    act_hand(worker, "WORK_COMPLETE", "|", TRIAL_BODY, true);
    act(worker, "GRAB_JOB");
    worker->remote->piece = TRIAL_PIECE;
    act_hand(worker, "WORK_COMPLETE", "|", TRIAL_BODY, true);
}

static void play_too_large(struct trial *trial)
{
    trial->may_fail = 2;
    act_hand(&trial->actors[3], "WORK_DATA", "|", TRIAL_BODY + 1, false);
    act_hand(&trial->actors[3], "WORK_COMPLETE", "|", TRIAL_BODY + 1, true);
}

static void play_news(struct trial *trial)
{
    struct actor *worker = &trial->actors[3];

    act_hand(worker, "WORK_STATUS", "|1|2", 0, false);
    act_hand(worker, "WORK_DATA", "|some", 0, false);
    trial->actors[1].remote->appetite = 0;
    act_hand(worker, "WORK_STATUS", "|1|2", 0, false);
    act_hand(worker, "WORK_STATUS", "|2|2", 0, false);
    act_hand(worker, "WORK_WARNING", "|", 5000, false);
    trial->actors[1].remote->appetite = SIZE_MAX;
    worker->remote->piece = SMALL_PIECE;
    act_hand(worker, "WORK_DATA", "|", 200, false);
}

/* Few blocks, all of them large. */
static void change_few_blocks(struct rig_setup *setup)
{
    setup->wire.class_count = 1;
    setup->wire.classes[0] = (struct pmad_class){8192, 100};
}

/* More news than there is room for, in one read, whose end is large: it keeps its room. */
static void play_flood(struct trial *trial)
{
    struct actor *client = &trial->actors[0];
    struct actor *worker = &trial->actors[3];

    client->remote->appetite = 0;
    for (int i = 0; i < 30; i++)
        pose(worker, text("WORK_DATA %s|x", worker->hand[0]));
    act_data(worker, text("WORK_DATA %s|", worker->hand[0]), TRIAL_BODY);
    client->remote->appetite = SIZE_MAX;
    trial_turn(trial);
}

static void play_failures(struct trial *trial)
{
    struct actor *worker = &trial->actors[3];

    trial->may_fail = 3;
    act(&trial->actors[1], "OPTION_REQ exceptions");
    act_hand(worker, "WORK_EXCEPTION", "|why", 0, false);
    act_hand(worker, "WORK_FAIL", "", 0, true);
    act(worker, "GRAB_JOB");
    act_hand(worker, "WORK_FAIL", "", 0, true);
}

/* The time of the worker's tasks runs out while he speaks of them. */
static void play_time_limit(struct trial *trial)
{
    struct actor *worker = &trial->actors[3];
    const char *handle;

    trial->disturbed = true;
    act(worker, "CAN_DO_TIMEOUT f|1000");
    act(worker, "GRAB_JOB");
    if (worker->in_hand == 0 || worker->remote->seat == NULL)
        return;
    handle = worker->hand[0];
    act(worker, text("WORK_STATUS %s|1|2", handle));
    act(worker, text("WORK_DATA %s|some", handle));
    act_part(worker, text("WORK_COMPLETE %s|", handle), 3000, 1000);
    trial_sleep(trial, UINT64_C(2) * SECOND_US);
    act_more(worker, 2000);
}

static void change_retries(struct rig_setup *setup)
{
    setup->every_function.retries = 2;
    setup->every_function.retry_on_fail = true;
}

/* Two workers in turn fail or leave, and that is one too many. */
static void play_retries(struct trial *trial)
{
    trial->disturbed = true;
    trial->may_fail = 3;
    act_hand(&trial->actors[3], "WORK_FAIL", "", 0, true);
    trial_leave(trial, &trial->actors[3]);
    for (int i = 0; i < 3; i++) {
        struct actor *worker = trial_worker(trial, "f");

        act(worker, "GRAB_JOB");
        act(worker, "GRAB_JOB");
        trial_leave(trial, worker);
        worker->in_hand = 0;
    }
}

static void play_drain(struct trial *trial)
{
    struct actor *worker = &trial->actors[3];

    trial->drained = true;
    router_drain(trial->rig.router);
    act(&trial->actors[0], "SUBMIT_JOB f||x");
    act_data(&trial->actors[1], "SUBMIT_JOB_BG f|id|", TRIAL_BODY);
    act_hand(worker, "WORK_COMPLETE", "|", TRIAL_BODY, true);
    act(worker, "GRAB_JOB");
    act_hand(worker, "WORK_COMPLETE", "|small", 0, true);
    act(worker, "GRAB_JOB");
}

static void play_abandon(struct trial *trial)
{
    trial->disturbed = true;
    for (int i = 0; i < 3; i++)
        trial_leave(trial, &trial->actors[i]);
    act_hand(&trial->actors[3], "WORK_COMPLETE", "|", TRIAL_BODY, true);
    act(&trial->actors[3], "GRAB_JOB");
}

const struct scenario work_scenarios[] = {
    {"assign", NULL, scenario_tasks, play_assign},
    {"second task", change_little_room, scenario_tasks, play_second_task},
    {"pushed", NULL, scenario_tasks, play_pushed},
    {"complete small", NULL, scenario_hand, play_complete_small},
    {"complete large", NULL, scenario_hand, play_complete_large},
    {"too large", NULL, scenario_hand, play_too_large},
    {"news", NULL, scenario_hand, play_news},
    {"flood", change_few_blocks, scenario_hand, play_flood},
    {"failures", NULL, scenario_hand, play_failures},
    {"time limit", NULL, scenario_tasks, play_time_limit},
    {"retries", change_retries, scenario_hand, play_retries},
    {"drain", NULL, scenario_hand, play_drain},
    {"abandon", NULL, scenario_hand, play_abandon},
};

const size_t work_scenario_count = sizeof work_scenarios / sizeof *work_scenarios;
