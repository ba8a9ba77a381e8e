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
    act_line(observer, "reload");
    act(submitter, "OPTION_REQ pmad-push=1");
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
    static const char *const lines[] = {
        "status",    "prioritystatus", "workers", "pools",    "show unique jobs", "stats",
        "functions", "histograms",     "peek f",  "peek f 0", "peek nobody"};
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

/* Two ask for a reload, of whom one leaves before it is answered; and two lose their rights. */
static void play_reload(struct trial *trial)
{
    static const uint64_t nowhere[PEER_RIGHTS];
    struct actor *admin = trial_client(trial);
    struct actor *other = trial_client(trial);
    struct actor *denied = trial_worker(trial, "");
    struct peer *asker;

    trial->disturbed = true;
    act_line(other, "reload");
    act_line(admin, "reload");
    trial_leave(trial, other);
    while ((asker = router_reload_asked(trial->rig.router)) != NULL)
        router_reload_answer(asker, "OK");
    trial_turn(trial);
    if (denied->remote->seat != NULL)
        router_allow(&denied->remote->seat->peer, 0, nowhere);
    if (trial->actors[3].remote->seat != NULL)
        router_allow(&trial->actors[3].remote->seat->peer, 0, nowhere);
    trial_turn(trial);
}

/* ---- a function with a reserve ---- */

static const struct router_function_row reserved[] = {
    {.match = {.size = 1, .items = {'f'}}, .rule = {.reserve = 3, .reserve_size = 2000}}};

static void change_reserve(struct rig_setup *setup)
{
    setup->functions = reserved;
    setup->function_count = sizeof reserved / sizeof *reserved;
}

/* Few small blocks. */
static void change_reserve_few_blocks(struct rig_setup *setup)
{
    change_reserve(setup);
    setup->tasks.classes[0].share = 1;
    setup->tasks.classes[1].share = 39;
}

/* They are in the hands of others: what the reserve could get from the pool are larger ones. */
static void prepare_large_blocks(struct trial *trial)
{
    scenario_clients(trial);
    for (int i = 0; i < 30; i++)
        act(&trial->actors[2], "SUBMIT_JOB_BG g||");
}

/* A kit comes back, and its waiter is lent to another task of the function. */
static void play_reserve_apart(struct trial *trial)
{
    act(&trial->actors[0], "SUBMIT_JOB f|id|x");
    act(&trial->actors[1], "SUBMIT_JOB f|id|x");
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

const struct scenario ask_scenarios[] = {
    {"connect", NULL, NULL, play_connect},
    {"register", NULL, NULL, play_register},
    {"submit small", NULL, scenario_clients, play_submit_small},
    {"submit large", NULL, scenario_clients, play_submit_large},
    {"partial frame", NULL, scenario_clients, play_partial_frame},
    {"coalesce", NULL, scenario_clients, play_coalesce},
    {"refusals", NULL, scenario_clients, play_refusals},
    {"delayed", NULL, scenario_clients, play_delayed},
    {"reducer", NULL, scenario_clients, play_reducer},
    {"misuse", NULL, prepare_strangers, play_misuse},
    {"echo", NULL, scenario_clients, play_echo},
    {"ask", NULL, scenario_hand, play_ask},
    {"listings", NULL, scenario_hand, play_listings},
    {"administer", NULL, scenario_hand, play_administer},
    {"reload", NULL, scenario_hand, play_reload},
    {"reserve", change_reserve, scenario_clients, play_reserve},
    {"reserve apart", change_reserve_few_blocks, prepare_large_blocks, play_reserve_apart},
};

const size_t ask_scenario_count = sizeof ask_scenarios / sizeof *ask_scenarios;
