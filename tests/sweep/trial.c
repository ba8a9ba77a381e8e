#include "trial.h"

#include <string.h>

#include "gm_packet.h"

enum { SECOND_US = 1000000 };

/* The functions of scenarios, for whoever does what is left in the end. */
static const char all_functions[] = "fgh";

static const char zeros[2 * TRIAL_BODY];

struct rig_setup trial_setup(void)
{
    struct rig_setup setup = rig_setup_ample();

    setup.limits.connections = 32;
    setup.limits.tasks = 64;
    setup.limits.functions = 8;
    setup.limits.payload_max = TRIAL_BODY;
    setup.limits.waiters_per_task = 4;
    setup.limits.registrations_per_worker = 4;
    setup.tasks = (struct pmad_layout){
        .pool_size = 400000, .class_count = 3, .classes = {{256, 20}, {1024, 20}, {8192, 60}}};
    setup.wire = (struct pmad_layout){
        .pool_size = 500000, .class_count = 3, .classes = {{128, 10}, {2048, 20}, {8192, 70}}};
    return setup;
}

/* ---- hearing ---- */

/* The handle at the front of a frame, or all of it. */
static void handle_copy(char into[TRIAL_HANDLE], const struct heard_frame *frame)
{
    size_t size = 0;

    while (size < frame->size && frame->bytes[size] != 0)
        size++;
    driver_expect(size < TRIAL_HANDLE, "a handle is too long");
    memcpy(into, frame->bytes, size);
    into[size] = 0;
}

/* The first of its requests without an answer has one. Does what it asked for end with a last frame? */
static bool is_answered(struct actor *actor)
{
    driver_expect(actor->works || actor->answered < actor->asked,
                  "somebody was answered who has not asked");
    return actor->asks[actor->answered++ % TRIAL_ASKS];
}

static void hear_error(struct trial *trial, struct actor *actor, const struct heard_frame *frame)
{
    static const char refusal[] = "QUEUE_ERROR\0Job queue is full: limit=";
    static const char *const others[] = {"ACCESS_DENIED", "ARGUMENT_TOO_LARGE", "INVALID_COMMAND",
                                         "INVALID_MAGIC", "JOB_NOT_FOUND",      "UNKNOWN_OPTION"};
    bool known =
        frame->size >= sizeof refusal && memcmp(frame->bytes, refusal, sizeof refusal - 1) == 0;

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        known = known || (frame->size > strlen(others[i]) &&
                          memcmp(frame->bytes, others[i], strlen(others[i]) + 1) == 0);
    driver_expect(known, "an error has no name");
    trial->refused++;
    if (!actor->works)
        (void)is_answered(actor);
}

/* A listing ends with a dot; what is not a listing is one line. */
static void hear_line(struct trial *trial, struct actor *actor, const struct heard_frame *frame)
{
    bool is_end = frame->size == 1 && frame->bytes[0] == '.';
    bool is_reply = frame->size >= 2 && !actor->lists && memcmp(frame->bytes, "OK", 2) == 0;
    bool is_error = frame->size >= 3 && !actor->lists && memcmp(frame->bytes, "ERR", 3) == 0;

    actor->lists = !is_end && !is_reply && !is_error;
    trial->refused += is_error;
    if (!actor->lists)
        (void)is_answered(actor);
}

static void hear_packet(struct trial *trial, struct actor *actor, const struct heard_frame *frame)
{
    switch ((enum gm_type)frame->type) {
    case GM_JOB_CREATED:
        handle_copy(actor->handle, frame);
        actor->owed += is_answered(actor);
        break;
    case GM_WORK_COMPLETE:
    case GM_WORK_FAIL:
    case GM_WORK_EXCEPTION:
        driver_expect(actor->owed > 0, "somebody was told an end twice, or of a task he has not");
        actor->owed--;
        break;
    case GM_JOB_ASSIGN:
    case GM_JOB_ASSIGN_UNIQ:
    case GM_JOB_ASSIGN_ALL:
        driver_expect(actor->in_hand < TRIAL_HAND, "a hand is full");
        handle_copy(actor->hand[actor->in_hand++], frame);
        break;
    case GM_ERROR:
        hear_error(trial, actor, frame);
        break;
    case GM_ECHO_RES:
    case GM_OPTION_RES:
    case GM_STATUS_RES:
    case GM_STATUS_RES_UNIQUE:
        (void)is_answered(actor);
        break;
    case GM_NO_JOB:
    case GM_NOOP:
    case GM_WORK_DATA:
    case GM_WORK_WARNING:
    case GM_WORK_STATUS:
        break;
    default:
        driver_expect(0, "somebody was told what no scenario asks for");
    }
}

static void hear_all(struct trial *trial, struct actor *actor)
{
    struct heard_frame frame;

    while (actor->remote != NULL && hear_frame(actor->remote, &frame)) {
        if (frame.is_line)
            hear_line(trial, actor, &frame);
        else
            hear_packet(trial, actor, &frame);
    }
}

static struct trial *trial_of(const struct actor *actor)
{
    return (struct trial *)(void *)actor->remote->rig; /* which is its first member */
}

static void all_hear(struct trial *trial)
{
    hear_all(trial, &trial->bystander);
    hear_all(trial, &trial->helper);
    for (size_t i = 0; i < sizeof trial->hogs / sizeof *trial->hogs; i++)
        hear_all(trial, &trial->hogs[i]);
    for (size_t i = 0; i < trial->count; i++)
        hear_all(trial, &trial->actors[i]);
}

/* Who waits for memory holds none for the frame that waits. */
static void nobody_holds_ahead(const struct trial *trial)
{
    for (const struct remote *remote = trial->rig.remotes; remote != NULL; remote = remote->next) {
        const struct door *door = remote->seat != NULL ? &remote->seat->peer.door : NULL;

        driver_expect(door == NULL || door->kind != DOOR_CLOSED || STAILQ_EMPTY(&door->outs),
                      "a frame that has not begun holds nodes");
    }
}

static void turn_is_over(struct trial *trial)
{
    rig_check(&trial->rig);
    nobody_holds_ahead(trial);
    all_hear(trial);
}

void trial_turn(struct trial *trial)
{
    rig_turn(&trial->rig);
    turn_is_over(trial);
}

void trial_sleep(struct trial *trial, uint64_t us)
{
    rig_sleep(&trial->rig, us);
    turn_is_over(trial);
}

/* ---- saying ---- */

/* What a packet is answered: by nothing, by one frame, by one frame and the end of a task. */
enum answers { ANSWERS_NONE, ANSWERS_ONE, ANSWERS_AND_END };

static enum answers answers_to(const char *frame)
{
    static const struct {
        const char *begins;
        enum answers answers;
    } rows[] = {
        {"SUBMIT_JOB ", ANSWERS_AND_END},
        {"SUBMIT_JOB_HIGH ", ANSWERS_AND_END},
        {"SUBMIT_JOB_LOW ", ANSWERS_AND_END},
        {"SUBMIT_REDUCE_JOB ", ANSWERS_AND_END},
        {"SUBMIT_", ANSWERS_ONE},
        {"ECHO_REQ", ANSWERS_ONE},
        {"OPTION_REQ", ANSWERS_ONE},
        {"GET_STATUS", ANSWERS_ONE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(frame, rows[i].begins, strlen(rows[i].begins)) == 0)
            return rows[i].answers;
    return ANSWERS_NONE;
}

static void asks(struct actor *actor, bool ends)
{
    actor->asks[actor->asked++ % TRIAL_ASKS] = ends;
    driver_expect(actor->asked - actor->answered <= TRIAL_ASKS, "a scenario asks too much at once");
}

static void pose_data(struct actor *actor, const char *frame, size_t size)
{
    enum answers answers = answers_to(frame);

    if (actor->remote->seat == NULL)
        return;
    if (answers != ANSWERS_NONE)
        asks(actor, answers == ANSWERS_AND_END);
    post_data(actor->remote, frame, zeros, size);
}

void pose(struct actor *actor, const char *frame)
{
    pose_data(actor, frame, 0);
}

void act(struct actor *actor, const char *frame)
{
    act_data(actor, frame, 0);
}

void act_data(struct actor *actor, const char *frame, size_t size)
{
    pose_data(actor, frame, size);
    trial_turn(trial_of(actor));
}

void act_part(struct actor *actor, const char *frame, size_t size, size_t sent)
{
    if (actor->remote->seat == NULL)
        return;
    pose_data(actor, frame, size);
    actor->remote->to_send.size -= size - sent;
    trial_turn(trial_of(actor));
}

void act_more(struct actor *actor, size_t size)
{
    remote_post(actor->remote, zeros, size);
    trial_turn(trial_of(actor));
}

void act_line(struct actor *actor, const char *line)
{
    if (actor->remote->seat == NULL)
        return;
    asks(actor, false);
    remote_post(actor->remote, line, strlen(line));
    remote_post(actor->remote, "\n", 1);
    trial_turn(trial_of(actor));
}

void act_hand(struct actor *worker, const char *type, const char *behind, size_t size, bool last)
{
    for (size_t i = 0; i < worker->in_hand; i++)
        act_data(worker, text("%s %s%s", type, worker->hand[i], behind), size);
    if (last)
        worker->in_hand = 0;
}

void trial_leave(struct trial *trial, struct actor *actor)
{
    trial->disturbed = true;
    remote_leave(actor->remote);
    trial_turn(trial);
}

/* ---- who is there ---- */

static void actor_begin(struct actor *actor, struct remote *remote, bool works)
{
    *actor = (struct actor){.remote = remote, .works = works};
}

struct actor *trial_actor(struct trial *trial, struct remote *remote, bool works)
{
    struct actor *actor = &trial->actors[trial->count++];

    driver_expect(trial->count <= TRIAL_ACTORS, "a scenario has too many actors");
    actor_begin(actor, remote, works);
    return actor;
}

struct actor *trial_client(struct trial *trial)
{
    return trial_actor(trial, remote_new(&trial->rig), false);
}

struct actor *trial_worker(struct trial *trial, const char *functions)
{
    struct actor *worker = trial_actor(trial, remote_new(&trial->rig), true);

    for (; *functions != 0; functions++)
        act(worker, text("CAN_DO %c", *functions));
    return worker;
}

static void on_end(struct remote *remote, enum peer_standing standing, void *context)
{
    struct trial *trial = context;

    (void)standing;
    trial->closed++;
    driver_expect(remote != trial->bystander.remote && remote != trial->helper.remote,
                  "the bystander was closed");
}

/* One peer has all answers of the lane waiting, another the news of a task of his. The allocations that
 * would have served them failed. */
static void lanes_take(struct trial *trial)
{
    struct actor *client = &trial->hogs[0];
    struct actor *worker = &trial->hogs[1];

    actor_begin(client, remote_new(&trial->rig), false);
    actor_begin(worker, remote_new(&trial->rig), true);
    act(client, "SUBMIT_JOB f|hog|x");
    act(worker, "CAN_DO f");
    act(worker, "GRAB_JOB");
    client->remote->appetite = 0;
    (void)router_scarcity(trial->rig.router, 1, true);
    act(worker, text("WORK_DATA %s|news", worker->hand[0]));
    for (int i = 0; i < ROUTER_LANE_ANSWERS; i++)
        pose(client, "ECHO_REQ");
    trial_turn(trial);
    (void)router_scarcity(trial->rig.router, 0, false);
    act(worker, "CANT_DO f");
    driver_expect(trial->closed == 0 && remote_is_settled(client->remote) &&
                      rig_counts(&trial->rig).starved == 0,
                  "a lane has not served who came first");
}

void trial_init(struct trial *trial, const struct rig_setup *setup, bool hogged)
{
    *trial = (struct trial){.count = 0};
    rig_init(&trial->rig, setup);
    trial->rig.on_end = on_end;
    trial->rig.context = trial;
    actor_begin(&trial->bystander, remote_new(&trial->rig), false);
    actor_begin(&trial->helper, remote_new(&trial->rig), true);
    act(&trial->bystander, "ECHO_REQ here");
    act(&trial->helper, "CAN_DO own");
    if (hogged)
        lanes_take(trial);
}

/* ---- the judgement ---- */

/* Who held the lanes reads again. */
static void hogs_read(struct trial *trial)
{
    struct actor *client = &trial->hogs[0];
    struct actor *worker = &trial->hogs[1];

    if (client->remote == NULL)
        return;
    driver_expect(client->remote->seat != NULL && worker->remote->seat != NULL,
                  "somebody was closed who had nothing to do with it");
    client->remote->appetite = SIZE_MAX;
    act_hand(worker, "WORK_COMPLETE", "|", 0, true);
}

/* Somebody who has seen it all is answered at once, and a task of his goes round. */
static void bystander_is_served(struct trial *trial)
{
    struct actor *bystander = &trial->bystander;
    size_t closed = trial->closed;

    act_data(bystander, "ECHO_REQ", 1000);
    driver_expect(bystander->answered == bystander->asked, "the bystander is not answered");
    bystander->handle[0] = 0;
    act_data(bystander, "SUBMIT_JOB own||", TRIAL_BODY);
    driver_expect(trial->drained || bystander->handle[0] != 0, "the bystander is refused");
    act(&trial->helper, "GRAB_JOB");
    act_hand(&trial->helper, "WORK_COMPLETE", "|", TRIAL_BODY, true);
    driver_expect(bystander->owed == 0 && bystander->answered == bystander->asked,
                  "a task of the bystander does not go round");
    driver_expect(trial->closed == closed, "somebody was closed when failures were over");
}

/* The lanes serve again, where nothing else does. */
static void lanes_are_back(struct trial *trial)
{
    struct actor *bystander = &trial->bystander;
    struct actor *helper = &trial->helper;

    if (!trial->drained)
        act(bystander, "SUBMIT_JOB own||x");
    act(helper, "GRAB_JOB");
    (void)router_scarcity(trial->rig.router, 1, true);
    act(bystander, "ECHO_REQ");
    act_hand(helper, "WORK_DATA", "|news", 0, false);
    act_hand(helper, "WORK_COMPLETE", "|", TRIAL_BODY, true);
    (void)router_scarcity(trial->rig.router, 0, false);
    driver_expect(bystander->owed == 0 && bystander->answered == bystander->asked,
                  "a lane serves no more");
}

static bool is_open(const struct actor *actor)
{
    return actor->remote->seat != NULL;
}

/* Those who have something in hand do it; what waits is done by somebody who comes for that. */
static void all_is_done(struct trial *trial)
{
    struct actor rescuer;

    for (size_t i = 0; i < trial->count; i++)
        act_hand(&trial->actors[i], "WORK_COMPLETE", "|", 10, true);
    for (int day = 0; day < 3 && rig_counts(&trial->rig).delayed > 0; day++)
        trial_sleep(trial, UINT64_C(86400) * SECOND_US);
    actor_begin(&rescuer, remote_new(&trial->rig), true);
    for (const char *function = all_functions; *function != 0; function++)
        act(&rescuer, text("CAN_DO %c", *function));
    do {
        rescuer.in_hand = 0;
        act(&rescuer, "GRAB_JOB");
        hear_all(trial, &rescuer);
        act_hand(&rescuer, "WORK_COMPLETE", "|", TRIAL_BODY, false);
    } while (rescuer.in_hand > 0);
    remote_leave(rescuer.remote);
}

static void all_adds_up(const struct trial *trial)
{
    struct router_counts counts = rig_counts(&trial->rig);
    bool may_abandon = trial->disturbed || trial->closed > 0;

    driver_expect(counts.tasks == 0, "a task that was accepted is not done");
    driver_expect(counts.submitted ==
                      counts.completed + counts.failed + counts.cancelled + counts.abandoned,
                  "the counts do not add up");
    driver_expect(counts.failed <= trial->may_fail,
                  "a task has failed that nobody said to have failed");
    driver_expect(counts.cancelled <= trial->may_cancel, "a task was cancelled by nobody");
    driver_expect(counts.abandoned == 0 || may_abandon,
                  "a task was dropped, and its client is there");
    driver_expect(counts.retried == 0 || may_abandon || trial->may_fail > 0,
                  "a task was put back, and its worker is there");
    for (size_t i = 0; i < trial->count; i++) {
        const struct actor *actor = &trial->actors[i];

        if (!is_open(actor))
            continue;
        driver_expect(actor->works || actor->answered == actor->asked, "somebody got no answer");
        driver_expect(actor->owed == 0, "somebody was not told the end of his task");
    }
}

void trial_judge(struct trial *trial)
{
    trial->waited = rig_counts(&trial->rig).starved;
    hogs_read(trial);
    bystander_is_served(trial);
    driver_expect(rig_counts(&trial->rig).starved == 0, "somebody waits for memory that is there");
    for (size_t i = 0; i < trial->count; i++)
        driver_expect(!is_open(&trial->actors[i]) || remote_is_settled(trial->actors[i].remote),
                      "somebody is not heard to the end");
    all_is_done(trial);
    lanes_are_back(trial);
    all_adds_up(trial);
    rig_finish(&trial->rig);
}
