/*
 * Bad input, frame by frame, driven by a table of all requests: each argument empty, at its limit
 * and one above; each frame cut at each byte, in pieces, or left in the middle; thousands in one
 * write. After each of them a bystander gets his task done, and all pools return to their base.
 * Malformed frames are in test_gearman_framing.c, misuse of good ones in test_gearman_misuse.c.
 */
#include "gearman_fixture.h"

enum { PAYLOAD_MAX = 100000, NAME_MAX = 128, FLOOD = 20000 };

/* ---- all requests, and what their arguments may be ---- */

/* A request by the letters of its arguments, and what it is answered when all is well. */
static const struct request {
    const char *name, *fields, *answer;
} requests[] = {
    {"CAN_DO", "n", ""},
    {"CANT_DO", "c", ""},
    {"RESET_ABILITIES", "", ""},
    {"PRE_SLEEP", "", ""},
    {"SUBMIT_JOB", "nud", "JOB_CREATED H:"},
    {"GRAB_JOB", "", "NO_JOB"},
    {"WORK_STATUS", "h##", ""},
    {"WORK_COMPLETE", "hd", ""},
    {"WORK_FAIL", "h", ""},
    {"GET_STATUS", "s", "STATUS_RES "},
    {"ECHO_REQ", "d", "ECHO_RES"},
    {"SUBMIT_JOB_BG", "nud", "JOB_CREATED H:"},
    {"SUBMIT_JOB_HIGH", "nud", "JOB_CREATED H:"},
    {"SET_CLIENT_ID", "i", ""},
    {"CAN_DO_TIMEOUT", "nm", ""},
    {"WORK_EXCEPTION", "hd", ""},
    {"OPTION_REQ", "o", "OPTION_RES exceptions"},
    {"WORK_DATA", "hd", ""},
    {"WORK_WARNING", "hd", ""},
    {"GRAB_JOB_UNIQ", "", "NO_JOB"},
    {"SUBMIT_JOB_HIGH_BG", "nud", "JOB_CREATED H:"},
    {"SUBMIT_JOB_LOW", "nud", "JOB_CREATED H:"},
    {"SUBMIT_JOB_LOW_BG", "nud", "JOB_CREATED H:"},
    {"SUBMIT_JOB_EPOCH", "nued", "JOB_CREATED H:"},
    {"SUBMIT_REDUCE_JOB", "nurad", "JOB_CREATED H:"},
    {"SUBMIT_REDUCE_JOB_BACKGROUND", "nurad", "JOB_CREATED H:"},
    {"GRAB_JOB_ALL", "", "NO_JOB"},
    {"GET_STATUS_UNIQUE", "q", "STATUS_RES_UNIQUE "},
};

#define GOOD NULL /* the request's own answer */
#define NAME "ERROR QUEUE_ERROR|Job queue is full: limit=name "

/* Argument by argument: a good value, its limit, and the answers to none, to that many bytes, and
 * to one more. */
static const struct field {
    char letter;
    const char *value;
    size_t limit;
    const char *answers[3];
} fields[] = {
    {'n', "f", NAME_MAX, {NAME, GOOD, NAME}},
    {'c', "f", NAME_MAX, {GOOD, GOOD, GOOD}}, /* nobody can do that anyway */
    {'u', "u", GM_UNIQUE_MAX, {GOOD, GOOD, "ERROR ARGUMENT_TOO_LARGE|Unique value too large"}},
    {'q', "u", GM_UNIQUE_MAX, {GOOD, GOOD, GOOD}},
    {'r', "r", NAME_MAX, {GOOD, GOOD, NAME}},
    {'a', "a", NAME_MAX, {GOOD, GOOD, GOOD}}, /* dropped */
    {'e', "0", 19, {"ERROR INVALID_COMMAND|", GOOD, "ERROR INVALID_COMMAND|"}},
    {'m', "1000", 19, {GOOD, GOOD, GOOD}},
    {'h', NULL, GM_HANDLE_MAX, {NOT_FOUND, NOT_FOUND, NOT_FOUND}},
    {'s', NULL, GM_HANDLE_MAX, {GOOD, GOOD, GOOD}},
    {'#', "1", 19, {GOOD, GOOD, GOOD}},
    {'i', "me", PEER_ID_MAX, {GOOD, GOOD, GOOD}},
    {'o',
     "exceptions",
     10,
     {"ERROR UNKNOWN_OPTION|", "ERROR UNKNOWN_OPTION|", "ERROR UNKNOWN_OPTION|"}},
    {'d', "data", PAYLOAD_MAX, {GOOD, GOOD, "ERROR QUEUE_ERROR|Job queue is full: limit=payload "}},
};

static const struct field *field_of(char letter)
{
    const struct field *field = fields;

    while (field->letter != letter)
        field++;
    return field;
}

static uint32_t type_of(const struct request *request)
{
    uint32_t type = 1;

    while (strcmp(gm_packet_name(type), request->name) != 0)
        type++;
    return type;
}

START_TEST(the_table_has_every_request_there_is)
{
    size_t count = 0;

    for (uint32_t type = 1; type < GM_TYPES; type++)
        count += (gm_packet(type)->direction & GM_FROM_PEER) != 0 && type != GM_ALL_YOURS &&
                 type != GM_SUBMIT_JOB_SCHED;
    ck_assert_uint_eq(count, COUNT(requests));
    for (size_t i = 0; i < COUNT(requests); i++) {
        const struct gm_packet *packet = gm_packet(type_of(&requests[i]));

        ck_assert_uint_eq(strlen(requests[i].fields), packet->args + (packet->data ? 1u : 0u));
    }
}
END_TEST

/* ---- frames made of the table ---- */

/* A peer with a task in its hand, so that its results count, and the client of that task. */
static struct remote *client, *peer;
static const char *handle;

static void peer_begins(void)
{
    client = remote_new(&rig);
    handle = submitted(client, "SUBMIT_JOB held||x");
    peer = worker_with("held", handle);
}

static void peer_ends(void)
{
    remote_free(peer);
    remote_free(client);
    rig_turn(&rig);
    ck_assert_uint_eq(rig_counts(&rig).arriving, 0);
}

/* The request with good arguments, but for `which`, which is `size` bytes of something. */
static struct bytes frame_make(const struct request *request, size_t which, size_t size)
{
    uint32_t type = type_of(request);
    uint8_t header[12] = {0, 'R', 'E', 'Q', 0, 0, 0, (uint8_t)type};
    struct bytes frame = {0};
    size_t body;

    bytes_add(&frame, header, sizeof header);
    for (size_t i = 0; request->fields[i] != 0; i++) {
        const struct field *field = field_of(request->fields[i]);
        const char *value = field->value == NULL ? handle : field->value;

        if (i > 0)
            bytes_add(&frame, "", 1);
        if (i == which)
            memset(bytes_extend(&frame, size), '1', size);
        else
            bytes_add(&frame, value, strlen(value));
    }
    body = frame.size - sizeof header;
    for (int i = 0; i < 4; i++)
        frame.at[8 + i] = (uint8_t)(body >> (24 - 8 * i));
    return frame;
}

static void hears_answer(const struct request *request, const char *answer)
{
    if (answer == GOOD)
        answer = request->answer;
    if (answer[0] != 0)
        hears_start(peer, answer);
    HEARS_NOTHING(peer);
}

/* ---- arguments ---- */

START_TEST(each_argument_may_be_empty_at_its_limit_and_one_above)
{
    const struct request *request = &requests[_i];

    for (size_t which = 0; request->fields[which] != 0; which++) {
        const struct field *field = field_of(request->fields[which]);
        const size_t sizes[] = {0, field->limit, field->limit + 1};

        for (size_t i = 0; i < COUNT(sizes); i++) {
            struct bytes frame;

            peer_begins();
            frame = frame_make(request, which, sizes[i]);
            remote_post(peer, frame.at, frame.size);
            rig_turn(&rig);
            hears_answer(request, field->answers[i]);
            is_served(peer);
            bytes_free(&frame);
            peer_ends();
            bystander_is_served();
        }
    }
}
END_TEST

START_TEST(an_argument_longer_than_any_head_is_refused)
{
    const struct request *request = &requests[_i];

    for (size_t which = 0; request->fields[which] != 0; which++) {
        struct bytes frame;

        peer_begins();
        frame = frame_make(request, which, 20000);
        remote_post(peer, frame.at, frame.size);
        rig_turn(&rig);
        if (request->fields[which] == 'd')
            hears_answer(request, GOOD);
        else
            hears_start(peer, "ERROR ");
        is_served(peer);
        bytes_free(&frame);
        peer_ends();
    }
    bystander_is_served();
}
END_TEST

/* ---- cuts ---- */

START_TEST(a_connection_may_leave_at_each_byte_of_each_frame)
{
    size_t size = SIZE_MAX;

    for (size_t cut = 1; cut < size; cut++) {
        struct bytes frame;

        peer_begins();
        frame = frame_make(&requests[_i], SIZE_MAX, 0);
        size = frame.size;
        remote_post(peer, frame.at, cut);
        rig_turn(&rig);
        HEARS_NOTHING(peer);
        bytes_free(&frame);
        peer_ends();
        ck_assert_uint_eq(tasks_used(), 0);
        ck_assert_uint_eq(wire_used(), 0);
    }
    bystander_is_served();
}
END_TEST

START_TEST(each_frame_cut_at_each_byte_is_the_same_frame)
{
    size_t size = SIZE_MAX;

    for (size_t cut = 1; cut < size; cut++) {
        struct bytes frame;

        peer_begins();
        frame = frame_make(&requests[_i], SIZE_MAX, 0);
        size = frame.size;
        remote_post(peer, frame.at, cut);
        rig_turn(&rig);
        remote_post(peer, frame.at + cut, size - cut);
        rig_turn(&rig);
        hears_answer(&requests[_i], GOOD);
        is_served(peer);
        bytes_free(&frame);
        peer_ends();
    }
    bystander_is_served();
}
END_TEST

START_TEST(each_frame_in_single_bytes_is_the_same_frame)
{
    struct bytes frame;

    peer_begins();
    frame = frame_make(&requests[_i], SIZE_MAX, 0);
    peer->piece = 1;
    remote_post(peer, frame.at, frame.size);
    rig_turn(&rig);
    hears_answer(&requests[_i], GOOD);
    is_served(peer);
    bytes_free(&frame);
    peer_ends();
    bystander_is_served();
}
END_TEST

/* Every byte of the frame in turn is replaced by others; whatever that means, nobody is harmed. */
START_TEST(each_byte_of_each_frame_may_be_wrong)
{
    static const uint8_t wrong[] = {0, 1, 0x7f, 0x80, 0xff, '\n'};
    size_t size = SIZE_MAX;

    for (size_t at = 0; at < size; at++)
        for (size_t i = 0; i < sizeof wrong; i++) {
            struct bytes frame;

            peer_begins();
            frame = frame_make(&requests[_i], SIZE_MAX, 0);
            size = frame.size;
            frame.at[at] = wrong[i];
            remote_post(peer, frame.at, frame.size);
            rig_turn(&rig);
            bytes_free(&frame);
            peer_ends();
        }
    rig_check(&rig);
    bystander_is_served();
}
END_TEST

START_TEST(text_and_binary_interleaved_may_be_split_at_each_byte)
{
    size_t size = SIZE_MAX;

    for (size_t cut = 1; cut < size; cut++) {
        struct remote *mixed = remote_new(&rig);
        struct bytes whole;

        for (int i = 0; i < 3; i++) {
            remote_post(mixed, "version\r\n", 9);
            post(mixed, "ECHO_REQ %d|\nversion", i);
            post_header(mixed, "|RES", GM_NOOP, 1);
            remote_post(mixed, "\n", 1);
        }
        whole = mixed->to_send;
        mixed->to_send = (struct bytes){0};
        size = whole.size;
        remote_post(mixed, whole.at, cut);
        rig_turn(&rig);
        remote_post(mixed, whole.at + cut, size - cut);
        rig_turn(&rig);
        bytes_free(&whole);
        for (int i = 0; i < 3; i++) {
            HEARS(mixed, "OK 1.2.3");
            HEARS(mixed, "ECHO_RES %d|\\x0aversion", i);
            HEARS(mixed, "ERROR INVALID_MAGIC|Request magic expected");
        }
        HEARS_NOTHING(mixed);
        remote_free(mixed);
    }
    bystander_is_served();
}
END_TEST

/* ---- thousands at once ---- */

static const struct {
    const char *frame;
    size_t answers; /* for FLOOD of them */
} floods[] = {
    {"ECHO_REQ x", FLOOD},
    {"GRAB_JOB", FLOOD},
    {"PRE_SLEEP", 0},
    {"CAN_DO f", 0},
    {"CANT_DO f", 0},
    {"RESET_ABILITIES", 0},
    {"WORK_FAIL H:x:1", FLOOD},
    {"WORK_COMPLETE H:x:1|r", FLOOD},
    {"GET_STATUS H:x:1", FLOOD},
    {"OPTION_REQ exceptions", FLOOD},
    {"SUBMIT_JOB_BG f||x", FLOOD},
    {"SUBMIT_JOB f||x", FLOOD},
    {"SUBMIT_JOB f|u|x", FLOOD},
    {"SUBMIT_JOB_BG f|-|x", FLOOD},
    {"SUBMIT_JOB_HIGH f", FLOOD},
    {"SUBMIT_JOB_EPOCH f||9999999999|x", FLOOD},
    {"GET_STATUS_UNIQUE u", FLOOD},
    {"SUBMIT_REDUCE_JOB f|u|r|a|x", FLOOD},
    {"CAN_DO_TIMEOUT f|1000", 0},
    {"SET_CLIENT_ID me", 0},
};

static void setup_flood(void)
{
    struct rig_setup wide = rig_setup_ample();

    wide.limits.tasks = FLOOD + 100;
    wide.limits.submissions_per_connection = FLOOD + 100;
    wide.tasks.pool_size = 96 << 20;
    wide.wire.pool_size = 32 << 20;
    setup();
    rig_replace(&wide);
}

START_TEST(thousands_of_frames_may_come_in_one_write)
{
    struct remote *many = remote_new(&rig);

    for (int i = 0; i < FLOOD; i++)
        post(many, "%s", floods[_i].frame);
    rig_turn(&rig);
    bystander_is_served();
    ck_assert_uint_eq(hear_out(many), floods[_i].answers);
    is_served(many);
}
END_TEST

START_TEST(thousands_of_frames_may_come_from_one_who_does_not_read)
{
    struct remote *many = remote_new(&rig);

    many->appetite = 0;
    for (int i = 0; i < FLOOD; i++)
        post(many, "%s", floods[_i].frame);
    rig_turn(&rig);
    bystander_is_served();
    many->appetite = SIZE_MAX;
    rig_turn(&rig);
    ck_assert_uint_eq(hear_out(many), floods[_i].answers);
    is_served(many);
}
END_TEST

START_TEST(thousands_of_lines_and_frames_may_come_in_one_write)
{
    struct remote *many = remote_new(&rig);

    for (int i = 0; i < FLOOD / 2; i++) {
        remote_post(many, "version\n", 8);
        post(many, "ECHO_REQ %d", i);
    }
    rig_turn(&rig);
    bystander_is_served();
    for (int i = 0; i < FLOOD / 2; i++) {
        HEARS(many, "OK 1.2.3");
        HEARS(many, "ECHO_RES %d", i);
    }
    HEARS_NOTHING(many);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gearman_hostile");
    TCase *frames = tcase_create("frames");
    TCase *many = tcase_create("thousands");

    tcase_add_checked_fixture(frames, setup, teardown);
    tcase_add_test(frames, the_table_has_every_request_there_is);
    tcase_add_loop_test(frames, each_argument_may_be_empty_at_its_limit_and_one_above, 0,
                        COUNT(requests));
    tcase_add_loop_test(frames, an_argument_longer_than_any_head_is_refused, 0, COUNT(requests));
    tcase_add_loop_test(frames, a_connection_may_leave_at_each_byte_of_each_frame, 0,
                        COUNT(requests));
    tcase_add_loop_test(frames, each_frame_cut_at_each_byte_is_the_same_frame, 0, COUNT(requests));
    tcase_add_loop_test(frames, each_frame_in_single_bytes_is_the_same_frame, 0, COUNT(requests));
    tcase_add_loop_test(frames, each_byte_of_each_frame_may_be_wrong, 0, COUNT(requests));
    tcase_add_test(frames, text_and_binary_interleaved_may_be_split_at_each_byte);
    suite_add_tcase(suite, frames);
    tcase_add_checked_fixture(many, setup_flood, teardown);
    tcase_set_timeout(many, 60);
    tcase_add_loop_test(many, thousands_of_frames_may_come_in_one_write, 0, COUNT(floods));
    tcase_add_loop_test(many, thousands_of_frames_may_come_from_one_who_does_not_read, 0,
                        COUNT(floods));
    tcase_add_test(many, thousands_of_lines_and_frames_may_come_in_one_write);
    suite_add_tcase(suite, many);
    return suite_run(suite);
}
