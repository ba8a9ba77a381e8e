#include "scenario.h"

#include "gm_packet.h"

enum { SECOND_US = 1000000, SMALL_PIECE = 30 };

/* ---- coming, and saying who one is ---- */

static void play_connect(struct trial *trial)
{
    struct actor *slow = trial_client(trial);
    struct actor *half = trial_client(trial);
    struct actor *quick = trial_client(trial);

    slow->remote->piece = 3;
    act_line(slow, "version");
    act(slow, "ECHO_REQ");
    remote_post(half->remote, "\0REQ\0", 5);
    act_line(quick, "version");
    act(quick, "ECHO_REQ x");
    trial_leave(trial, half);
}

static void play_register(struct trial *trial)
{
    struct actor *worker = trial_worker(trial, "f");

    act(worker, "SET_CLIENT_ID me");
    act(worker, "CAN_DO g");
    act(worker, "CAN_DO_TIMEOUT h|5000");
    act(worker, "CAN_DO f");
    act(worker, "CANT_DO g");
    act(worker, "CAN_DO g");
    act(worker, "PRE_SLEEP");
    act(worker, "RESET_ABILITIES");
    act(worker, "CAN_DO f");
}

/* ---- submitting ---- */

static void prepare_clients(struct trial *trial)
{
    for (int i = 0; i < 3; i++)
        (void)trial_client(trial);
}

static void play_submit_small(struct trial *trial)
{
    struct actor *clients = trial->actors;

    act(&clients[0], "SUBMIT_JOB f||x");
    act(&clients[0], "SUBMIT_JOB_HIGH f|id|x");
    pose(&clients[1], "SUBMIT_JOB_BG f||");
    pose(&clients[1], "SUBMIT_JOB_LOW_BG g||x");
    act(&clients[1], "SUBMIT_JOB_HIGH_BG g|id|x");
    act(&clients[2], "SUBMIT_JOB_LOW h||x");
}

static void play_submit_large(struct trial *trial)
{
    struct actor *clients = trial->actors;

    act_data(&clients[0], "SUBMIT_JOB f||", TRIAL_BODY);
    act_data(&clients[1], "SUBMIT_JOB_BG f|id|", 3000);
    clients[2].remote->piece = TRIAL_PIECE;
    act_data(&clients[2], "SUBMIT_JOB g|id|", TRIAL_BODY);
    act_data(&clients[0], "SUBMIT_JOB_BG g||", TRIAL_BODY);
}

/* Heads and bodies in pieces, of three peers in turn; one leaves in the middle of his body. */
static void play_partial_frame(struct trial *trial)
{
    struct actor *clients = trial->actors;

    for (int i = 0; i < 3; i++)
        clients[i].remote->piece = SMALL_PIECE / (size_t)(i + 1);
    act_data(&clients[0], "SUBMIT_JOB f|an-id-that-is-longer-than-a-piece|", 500);
    act_data(&clients[1], "ECHO_REQ ", 500);
    act_line(&clients[2], "status and words that take it beyond a piece");
    act_part(&clients[2], "SUBMIT_JOB g|id|", 1000, 100);
    act_data(&clients[0], "SUBMIT_JOB_BG g||", TRIAL_BODY);
    trial_leave(trial, &clients[2]);
}

static void play_coalesce(struct trial *trial)
{
    struct actor *clients = trial->actors;

    act(&clients[0], "SUBMIT_JOB f|id|x");
    act(&clients[1], "SUBMIT_JOB f|id|x");
    act(&clients[2], "SUBMIT_JOB_BG f|id|x");
    act_data(&clients[2], "SUBMIT_JOB f|-|", 5000);
    clients[1].remote->piece = TRIAL_PIECE / 4;
    act_data(&clients[1], "SUBMIT_JOB f|-|", 5000);
    act_data(&clients[0], "SUBMIT_JOB_BG f|-|", 5000);
}

/* More of everything than there may be. */
static void play_refusals(struct trial *trial)
{
    struct actor *clients = trial->actors;
    struct actor *worker;

    act_line(&clients[0], "maxqueue f 1");
    act(&clients[0], "SUBMIT_JOB f|id|x");
    act(&clients[0], "SUBMIT_JOB f|another|x");
    act_data(&clients[0], "SUBMIT_JOB f|-|", 3000);
    for (int i = 0; i < 5; i++)
        pose(&clients[1], "SUBMIT_JOB g|id|x"); /* one more than may wait for one task */
    act_data(&clients[1], "SUBMIT_JOB g||", TRIAL_BODY + 1);
    act_data(&clients[1], "ECHO_REQ ", TRIAL_BODY + 1);
    act(&clients[2], "SUBMIT_JOB |id|x");
    act(&clients[2], text("SUBMIT_JOB f|%065d|x", 0));
    act(&clients[2], "SUBMIT_JOB_EPOCH f||tomorrow|x");
    for (int i = 0; i < 8; i++)
        act_line(&clients[2], text("create function %c", 'i' + i));
    act(&clients[2], "SUBMIT_JOB_BG z||x");
    worker = trial_worker(trial, "fijklm");
    act(worker, "CAN_DO z");
    act(worker, text("CAN_DO %0130d", 0));
}

static void play_delayed(struct trial *trial)
{
    struct actor *clients = trial->actors;
    long long now_s = RIG_WALL_US / SECOND_US;

    act(&clients[0], text("SUBMIT_JOB_EPOCH f||%lld|x", now_s + 3600));
    act(&clients[0], text("SUBMIT_JOB_EPOCH f|id|%lld|x", now_s - 3600));
    act_data(&clients[1], text("SUBMIT_JOB_EPOCH g||%lld|", now_s + 10), TRIAL_BODY);
    act(&clients[1], "SUBMIT_JOB g||x");
    trial_sleep(trial, UINT64_C(20) * SECOND_US);
}

static void play_reducer(struct trial *trial)
{
    struct actor *worker = trial_worker(trial, "fg");
    struct actor *clients = trial->actors;

    act(&clients[0], "SUBMIT_REDUCE_JOB f||reducer|x");
    act_data(&clients[1], "SUBMIT_REDUCE_JOB_BACKGROUND g|id|reducer|", TRIAL_BODY);
    for (int i = 0; i < 3; i++)
        act(worker, "GRAB_JOB_ALL");
}

/* Peers who do not know the rules, or have not the rights. */
static void prepare_strangers(struct trial *trial)
{
    (void)trial_actor(trial, remote_with(&trial->rig, RIGHT_OBSERVE), false);
    (void)trial_actor(trial, remote_with(&trial->rig, RIGHT_SUBMIT), false);
    (void)trial_actor(trial, remote_with(&trial->rig, RIGHT_OBSERVE), true);
    (void)trial_actor(trial, remote_new(&trial->rig), true);
    (void)trial_actor(trial, remote_new(&trial->rig), true);
}

static void play_misuse(struct trial *trial)
{
    struct actor *observer = &trial->actors[0];
    struct actor *submitter = &trial->actors[1];
    struct actor *stranger = &trial->actors[3];

    act(observer, "SUBMIT_JOB f||x");
    act_line(observer, "maxqueue f 1");
    act_line(observer, "no such command");
    act(observer, "OPTION_REQ no-such-option");
    act_line(submitter, "status");
    act(&trial->actors[2], "CAN_DO f");
    act(stranger, "WORK_COMPLETE H:box:1|x");
    if (stranger->remote->seat != NULL) {
        post_header(stranger->remote, "|RES", GM_ECHO_REQ, 0);
        post_header(stranger->remote, "|REQ", GM_NOOP, 0);
        post_header(stranger->remote, "|REQ", GM_SUBMIT_JOB, 0);
        post_header(stranger->remote, "|RES", GM_SUBMIT_JOB, 0);
        post_header(stranger->remote, "|REQ", GM_JOB_ASSIGN, 0);
        post_header(stranger->remote, "|XYZ", GM_ECHO_REQ, 0);
    }
    trial_turn(trial);
    remote_post(trial->actors[4].remote, text("%01500d", 0), 1500);
    trial_turn(trial);
}

/* ---- working ---- */

/* Three clients wait for tasks of f: one alone, two for the same; a task in the background is beside. A
 * worker is there. */
static void prepare_tasks(struct trial *trial)
{
    struct actor *clients = trial->actors;

    prepare_clients(trial);
    act(&clients[0], "SUBMIT_JOB f||x");
    act(&clients[1], "SUBMIT_JOB f|id|x");
    act(&clients[2], "SUBMIT_JOB f|id|x");
    act_data(&clients[2], "SUBMIT_JOB_BG f|large|", TRIAL_BODY);
    (void)trial_worker(trial, "f");
}

/* The worker has two of them in hand. */
static void prepare_hand(struct trial *trial)
{
    prepare_tasks(trial);
    for (int i = 0; i < 2; i++)
        act(&trial->actors[3], "GRAB_JOB");
}

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

/* Tasks that wait for a worker that is given them unasked, and a worker that waits for tasks. */
static void play_pushed(struct trial *trial)
{
    struct actor *worker = &trial->actors[3];

    act(worker, "OPTION_REQ exceptions");
    act(worker, "OPTION_REQ pmad-push=9");
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

/* ---- asking ---- */

static void play_echo(struct trial *trial)
{
    struct actor *clients = trial->actors;

    act(&clients[0], "ECHO_REQ");
    act(&clients[0], "ECHO_REQ small");
    clients[1].remote->appetite = 0;
    act_data(&clients[1], "ECHO_REQ ", TRIAL_BODY);
    act_data(&clients[1], "ECHO_REQ ", 1000);
    clients[1].remote->appetite = SIZE_MAX;
    act_data(&clients[2], "ECHO_REQ ", TRIAL_BODY);
}

static void play_ask(struct trial *trial)
{
    struct actor *clients = trial->actors;

    act(&clients[0], text("GET_STATUS %s", clients[0].handle));
    act(&clients[0], "GET_STATUS H:box:7");
    act(&clients[1], "GET_STATUS_UNIQUE id");
    act(&clients[1], "OPTION_REQ exceptions");
    act_line(&clients[2], "version");
    act_line(&clients[2], "getpid");
    act_line(&clients[2], "verbose");
}

static void play_listings(struct trial *trial)
{
    static const char *const lines[] = {"status",    "prioritystatus",   "workers",
                                        "pools",     "show unique jobs", "stats",
                                        "functions", "histograms"};
    struct actor *slow = &trial->actors[0];

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        act_line(&trial->actors[1], lines[i]);
    slow->remote->appetite = 0;
    act_line(slow, "show jobs");
    act_line(slow, "status");
    slow->remote->appetite = SIZE_MAX;
    trial_turn(trial);
}

static void play_administer(struct trial *trial)
{
    struct actor *admin = trial_client(trial);
    struct actor *clients = trial->actors;

    trial->may_cancel = 2;
    act_line(admin, text("cancel job %s", clients[0].handle));
    act_line(admin, "maxqueue f 3");
    act_line(admin, "create function g");
    act_line(admin, "drop function g");
    act_line(admin, "drop function f");
    act(&clients[2], "SUBMIT_JOB f|cancelled|x");
    act_line(admin, text("cancel job %s", clients[2].handle));
    act_line(admin, "cancel job H:box:77");
}

/* ---- a function with a reserve ---- */

static const struct router_function_row reserved[] = {
    {.match = {.size = 1, .items = {'f'}}, .rule = {.reserve = 3, .reserve_size = 2000}}};

static void change_reserve(struct rig_setup *setup)
{
    setup->functions = reserved;
    setup->function_count = sizeof reserved / sizeof *reserved;
}

/* Its kits go out, partly come back without their waiters, and are made whole. */
static void play_reserve(struct trial *trial)
{
    struct actor *clients = trial->actors;
    struct actor *worker = trial_worker(trial, "f");

    act(&clients[0], "SUBMIT_JOB f|id|x");
    act_data(&clients[1], "SUBMIT_JOB f|id|", 2000);
    act_data(&clients[2], "SUBMIT_JOB_BG f||", 2000);
    act(&clients[2], "SUBMIT_JOB f|id|x");
    act(worker, "GRAB_JOB");
    act_hand(worker, "WORK_COMPLETE", "|", 2000, true);
    for (int i = 0; i < 4; i++)
        act_data(&clients[0], "SUBMIT_JOB f||", 2000);
    act(worker, "GRAB_JOB");
    act_hand(worker, "WORK_COMPLETE", "|", 0, true);
}

const struct scenario scenarios[] = {
    {"connect", NULL, NULL, play_connect},
    {"register", NULL, NULL, play_register},
    {"submit small", NULL, prepare_clients, play_submit_small},
    {"submit large", NULL, prepare_clients, play_submit_large},
    {"partial frame", NULL, prepare_clients, play_partial_frame},
    {"coalesce", NULL, prepare_clients, play_coalesce},
    {"refusals", NULL, prepare_clients, play_refusals},
    {"delayed", NULL, prepare_clients, play_delayed},
    {"reducer", NULL, prepare_clients, play_reducer},
    {"misuse", NULL, prepare_strangers, play_misuse},
    {"assign", NULL, prepare_tasks, play_assign},
    {"pushed", NULL, prepare_tasks, play_pushed},
    {"complete small", NULL, prepare_hand, play_complete_small},
    {"complete large", NULL, prepare_hand, play_complete_large},
    {"too large", NULL, prepare_hand, play_too_large},
    {"news", NULL, prepare_hand, play_news},
    {"flood", change_few_blocks, prepare_hand, play_flood},
    {"failures", NULL, prepare_hand, play_failures},
    {"time limit", NULL, prepare_tasks, play_time_limit},
    {"retries", change_retries, prepare_hand, play_retries},
    {"drain", NULL, prepare_hand, play_drain},
    {"abandon", NULL, prepare_hand, play_abandon},
    {"echo", NULL, prepare_clients, play_echo},
    {"ask", NULL, prepare_hand, play_ask},
    {"listings", NULL, prepare_hand, play_listings},
    {"administer", NULL, prepare_hand, play_administer},
    {"reserve", change_reserve, prepare_clients, play_reserve},
};

const size_t scenario_count = sizeof scenarios / sizeof *scenarios;
