/* Rules of Gearman, "Submitting": unique ids, and what `-` stands for. */
#include "gearman_fixture.h"

enum { PAYLOAD = 50000 };

static const char *const ways[] = {
    "SUBMIT_JOB",    "SUBMIT_JOB_HIGH",    "SUBMIT_JOB_LOW",
    "SUBMIT_JOB_BG", "SUBMIT_JOB_HIGH_BG", "SUBMIT_JOB_LOW_BG",
};

static bool is_background(const char *way)
{
    return strstr(way, "BG") != NULL;
}

/* ---- who joins what ---- */

START_TEST(an_equal_unique_id_joins_a_queued_task)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, text("%s f|u|first", ways[_i]));

    for (size_t i = 0; i < COUNT(ways); i++)
        ck_assert_str_eq(submitted(client, text("%s f|u|another", ways[i])), handle);
    say(worker, "GRAB_JOB_UNIQ");
    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|u|first", handle);
    grabs_nothing(worker);
    say(worker, "WORK_COMPLETE %s|r", handle);
    for (int i = 0; i < (is_background(ways[_i]) ? 3 : 4); i++)
        HEARS(client, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(client);
    ck_assert_uint_eq(rig_counts(&rig).submitted, 1);
    ck_assert_uint_eq(rig_counts(&rig).coalesced, COUNT(ways));
    ck_assert_uint_eq(tasks_used(), 0);
}
END_TEST

START_TEST(an_equal_unique_id_joins_a_running_task)
{
    struct remote *client = remote_new(&rig);
    struct remote *other = remote_new(&rig);
    const char *handle = submitted(client, text("%s f|u|x", ways[_i]));
    struct remote *worker = worker_with("f", handle);

    ck_assert_str_eq(submitted(other, "SUBMIT_JOB f|u|x"), handle);
    grabs_nothing(worker);
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS(other, "WORK_COMPLETE %s|r", handle);
    if (!is_background(ways[_i]))
        HEARS(client, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(an_ended_task_is_joined_by_nobody)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f|u|x");
    const char *next;

    client->appetite = 0; /* the end of it has not been heard yet */
    grabs(worker, handle);
    say(worker, "WORK_COMPLETE %s|r", handle);
    next = submitted(remote_new(&rig), "SUBMIT_JOB f|u|x");
    ck_assert_str_ne(next, handle);
    grabs(worker, next);
}
END_TEST

START_TEST(a_task_that_is_still_arriving_is_joined_by_nobody_and_joins_in_the_end)
{
    struct remote *slow = remote_new(&rig);
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle;

    post_header(slow, "|REQ", GM_SUBMIT_JOB, 8);
    remote_post(slow, "f\0u\0ha", 6);
    rig_turn(&rig);
    handle = submitted(client, "SUBMIT_JOB f|u|x");
    remote_post(slow, "lf", 2);
    rig_turn(&rig);
    HEARS(slow, "JOB_CREATED %s", handle);
    say(worker, "GRAB_JOB");
    HEARS(worker, "JOB_ASSIGN %s|f|x", handle);
    grabs_nothing(worker);
}
END_TEST

START_TEST(unique_ids_are_per_function)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *of_f = submitted(client, "SUBMIT_JOB f|u|x");
    const char *of_g = submitted(client, "SUBMIT_JOB g|u|x");

    ck_assert_str_ne(of_f, of_g);
    ck_assert_str_eq(submitted(client, "SUBMIT_JOB g|u|x"), of_g);
    ck_assert_str_eq(submitted(client, "SUBMIT_JOB f|u|x"), of_f);
    grabs(worker, of_f);
    say(worker, "CAN_DO g");
    grabs(worker, of_g);
}
END_TEST

START_TEST(unique_ids_are_equal_byte_by_byte)
{
    static const char *const ids[] = {"u", "U", "u ", "uu", "u\xff", "u\x7f", "0", "00"};
    struct remote *client = remote_new(&rig);
    const char *handles[COUNT(ids)];

    for (size_t i = 0; i < COUNT(ids); i++) {
        handles[i] = submitted(client, text("SUBMIT_JOB f|%s|x", ids[i]));
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(handles[i], handles[j]);
    }
    for (size_t i = 0; i < COUNT(ids); i++)
        ck_assert_str_eq(submitted(client, text("SUBMIT_JOB f|%s|x", ids[i])), handles[i]);
}
END_TEST

START_TEST(an_empty_unique_id_never_coalesces)
{
    struct remote *client = remote_new(&rig);

    for (size_t i = 0; i < COUNT(ways); i++)
        ck_assert_str_ne(submitted(client, text("%s f||x", ways[i])),
                         submitted(client, text("%s f||x", ways[i])));
    ck_assert_uint_eq(rig_counts(&rig).coalesced, 0);
    ck_assert_uint_eq(rig_counts(&rig).queued, 2 * COUNT(ways));
}
END_TEST

START_TEST(later_attachers_get_later_frames_only)
{
    struct remote *first = remote_new(&rig);
    struct remote *later = remote_new(&rig);
    const char *handle = submitted(first, "SUBMIT_JOB f|u|x");
    struct remote *worker = worker_with("f", handle);

    say(worker, "WORK_DATA %s|1", handle);
    say(worker, "WORK_STATUS %s|1|3", handle);
    ck_assert_str_eq(submitted(later, "SUBMIT_JOB f|u|x"), handle);
    HEARS_NOTHING(later);
    say(worker, "WORK_DATA %s|2", handle);
    say(worker, "WORK_COMPLETE %s|3", handle);
    HEARS(later, "WORK_DATA %s|2", handle);
    HEARS(later, "WORK_COMPLETE %s|3", handle);
    HEARS_NOTHING(later);
    HEARS(first, "WORK_DATA %s|1", handle);
    HEARS(first, "WORK_STATUS %s|1|3", handle);
    HEARS(first, "WORK_DATA %s|2", handle);
    HEARS(first, "WORK_COMPLETE %s|3", handle);
}
END_TEST

/* Nobody waited for the result when it began to come; it is kept all the same. */
START_TEST(who_attaches_in_the_middle_of_a_result_gets_all_of_it)
{
    struct remote *client = remote_new(&rig);
    struct remote *later = remote_new(&rig);
    const char *way = _i == 0 ? "SUBMIT_JOB_BG" : "SUBMIT_JOB";
    const char *handle = submitted(client, text("%s f|u|x", way));
    struct remote *worker = worker_with("f", handle);

    post_header(worker, "|REQ", GM_WORK_COMPLETE, (uint32_t)strlen(handle) + 9);
    remote_post(worker, handle, strlen(handle) + 1);
    remote_post(worker, "half", 4);
    rig_turn(&rig);
    if (_i == 2)
        remote_leave(client);
    ck_assert_str_eq(submitted(later, "SUBMIT_JOB f|u|x"), handle);
    remote_post(worker, "half", 4);
    rig_turn(&rig);
    HEARS(later, "WORK_COMPLETE %s|halfhalf", handle);
    HEARS_NOTHING(later);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(hear_out(client), _i == 1);
}
END_TEST

START_TEST(who_attaches_in_the_middle_of_data_hears_first_of_the_task_and_then_of_its_end)
{
    struct remote *first = remote_new(&rig);
    struct remote *later = remote_new(&rig);
    const char *handle = submitted(first, "SUBMIT_JOB f|u|x");
    struct remote *worker = worker_with("f", handle);

    post_header(worker, "|REQ", GM_WORK_DATA, (uint32_t)strlen(handle) + 9);
    remote_post(worker, handle, strlen(handle) + 1);
    remote_post(worker, "half", 4);
    rig_turn(&rig);
    ck_assert_str_eq(submitted(later, "SUBMIT_JOB f|u|x"), handle);
    remote_post(worker, "half", 4);
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS(first, "WORK_DATA %s|halfhalf", handle);
    HEARS(first, "WORK_COMPLETE %s|r", handle);
    HEARS(later, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(later);
}
END_TEST

/* ---- the length of an id ---- */

START_TEST(a_unique_id_of_up_to_63_bytes_is_kept_whole)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");

    for (int size = 1; size <= GM_UNIQUE_MAX; size++) {
        const char *handle = submitted(client, text("SUBMIT_JOB f|%0*d|x", size, 1));

        ck_assert_str_eq(submitted(client, text("SUBMIT_JOB f|%0*d|x", size, 1)), handle);
        say(worker, "GRAB_JOB_UNIQ");
        HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|%0*d|x", handle, size, 1);
    }
    ck_assert_uint_eq(rig_counts(&rig).submitted, GM_UNIQUE_MAX);
}
END_TEST

START_TEST(a_longer_unique_id_is_argument_too_large)
{
    struct remote *client = remote_new(&rig);

    for (int size = GM_UNIQUE_MAX + 1; size < 300; size++) {
        say(client, "%s f|%0*d|x", ways[_i], size, 1);
        HEARS(client, "ERROR ARGUMENT_TOO_LARGE|Unique value too large");
    }
    ck_assert_uint_eq(rig_counts(&rig).tasks, 0);
}
END_TEST

/* ---- `-` ---- */

START_TEST(dash_coalesces_on_an_equal_payload_and_the_worker_sees_a_dash)
{
    struct remote *client = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle = submitted(client, "SUBMIT_JOB f|-|pay|load");

    ck_assert_str_eq(submitted(client, "SUBMIT_JOB f|-|pay|load"), handle);
    ck_assert_str_ne(submitted(client, "SUBMIT_JOB g|-|pay|load"), handle);
    say(worker, "GRAB_JOB_UNIQ");
    HEARS(worker, "JOB_ASSIGN_UNIQ %s|f|-|pay|load", handle);
    ck_assert_str_eq(submitted(client, "SUBMIT_JOB f|-|pay|load"), handle);
    grabs_nothing(worker);
    say(worker, "WORK_COMPLETE %s|r", handle);
    for (int i = 0; i < 3; i++)
        HEARS(client, "WORK_COMPLETE %s|r", handle);
    ck_assert_str_ne(submitted(client, "SUBMIT_JOB f|-|pay|load"), handle);
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(dash_never_coalesces_on_an_empty_payload)
{
    struct remote *client = remote_new(&rig);

    ck_assert_str_ne(submitted(client, "SUBMIT_JOB f|-|"), submitted(client, "SUBMIT_JOB f|-|"));
    ck_assert_str_ne(submitted(client, "SUBMIT_JOB_BG f|-|"),
                     submitted(client, "SUBMIT_JOB_BG f|-|"));
    ck_assert_uint_eq(rig_counts(&rig).queued, 4);
}
END_TEST

START_TEST(dash_does_not_coalesce_on_what_only_begins_or_ends_alike)
{
    struct remote *client = remote_new(&rig);
    const char *handles[50];

    for (int i = 0; i < 50; i++) {
        handles[i] = submitted(client, text("SUBMIT_JOB f|-|%0*d", i + 1, 0));
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(handles[i], handles[j]);
    }
    ck_assert_str_ne(submitted(client, "SUBMIT_JOB f|0|0"), handles[0]);
    for (int i = 0; i < 50; i++)
        ck_assert_str_eq(submitted(client, text("SUBMIT_JOB f|-|%0*d", i + 1, 0)), handles[i]);
}
END_TEST

START_TEST(dash_compares_every_byte_of_a_large_payload)
{
    static const size_t places[] = {0, 1, 63, 64, 8191, 8192, 30000, PAYLOAD - 2, PAYLOAD - 1};
    static uint8_t payload[PAYLOAD];
    struct remote *client = remote_new(&rig);
    const char *handle;

    memset(payload, 'x', sizeof payload);
    say_data(client, "SUBMIT_JOB f|-|", payload, PAYLOAD);
    handle = created(client);
    say_data(client, "SUBMIT_JOB f|-|", payload, PAYLOAD);
    ck_assert_str_eq(created(client), handle);
    payload[places[_i]] = 'y';
    say_data(client, "SUBMIT_JOB f|-|", payload, PAYLOAD);
    ck_assert_str_ne(created(client), handle);
    say_data(client, "SUBMIT_JOB f|-|", payload, PAYLOAD - 1);
    ck_assert_str_ne(created(client), handle);
}
END_TEST

/* So many payloads that some of them have the same hash of 32 bits: eight pairs, by expectation. */
START_TEST(dash_compares_bytes_where_hashes_are_equal)
{
    enum { MANY = 1 << 18 };
    struct rig_setup wide = rig_setup_ample();
    struct remote *client;

    wide.limits.tasks = MANY;
    wide.tasks = (struct pmad_layout){
        .pool_size = (size_t)MANY * 512, .class_count = 2, .classes = {{320, 90}, {65536, 10}}};
    wide.limits.payload_max = 1000;
    rig_replace(&wide);
    client = remote_new(&rig);
    for (int i = 0; i < MANY; i++)
        post(client, "SUBMIT_JOB_BG f|-|%06x", (unsigned)i);
    rig_turn(&rig);
    ck_assert_uint_eq(hear_out(client), MANY);
    ck_assert_uint_eq(rig_counts(&rig).queued, MANY);
    ck_assert_uint_eq(rig_counts(&rig).coalesced, 0);
}
END_TEST

/* ---- what a second submission costs, and keeps alive ---- */

START_TEST(the_second_body_is_given_back_at_once)
{
    static const uint8_t payload[PAYLOAD] = {'x'};
    struct remote *client = remote_new(&rig);
    const char *frame = _i == 0 ? "SUBMIT_JOB_BG f|-|" : "SUBMIT_JOB_BG f|u|";
    size_t used;

    say_data(client, frame, payload, PAYLOAD);
    used = tasks_used();
    ck_assert_uint_ge(used, PAYLOAD);
    for (int i = 0; i < 10; i++)
        say_data(client, frame, payload, PAYLOAD);
    ck_assert_uint_eq(hear_out(client), 11);
    ck_assert_uint_eq(tasks_used(), used);
    ck_assert_uint_eq(rig_counts(&rig).tasks, 1);
}
END_TEST

START_TEST(a_background_submission_is_not_lost_when_an_attached_foreground_client_leaves)
{
    struct remote *background = remote_new(&rig);
    struct remote *foreground = remote_new(&rig);
    struct remote *worker = worker_for("f");
    const char *handle;

    if (_i == 0) {
        handle = submitted(background, "SUBMIT_JOB_BG f|u|x");
        ck_assert_str_eq(submitted(foreground, "SUBMIT_JOB f|u|x"), handle);
    } else {
        handle = submitted(foreground, "SUBMIT_JOB f|u|x");
        ck_assert_str_eq(submitted(background, "SUBMIT_JOB_BG f|u|x"), handle);
    }
    remote_leave(foreground);
    remote_leave(background);
    grabs(worker, handle);
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(worker);
    ck_assert_uint_eq(rig_counts(&rig).completed, 1);
    ck_assert_uint_eq(rig_counts(&rig).abandoned, 0);
}
END_TEST

START_TEST(a_background_submission_attached_to_a_running_task_survives_its_worker)
{
    struct remote *background = remote_new(&rig);
    struct remote *foreground = remote_new(&rig);
    const char *handle = submitted(foreground, "SUBMIT_JOB f|u|x");
    struct remote *worker = worker_with("f", handle);

    ck_assert_str_eq(submitted(background, "SUBMIT_JOB_BG f|u|x"), handle);
    remote_leave(foreground);
    remote_leave(worker);
    worker = worker_with("f", handle);
    say(worker, "WORK_COMPLETE %s|r", handle);
    HEARS_NOTHING(background);
    ck_assert_uint_eq(rig_counts(&rig).completed, 1);
}
END_TEST

START_TEST(coalescing_is_not_refused_where_a_new_task_would_be)
{
    struct rig_setup short_queues = rig_setup_ample();
    struct remote *client;
    const char *handle;

    short_queues.every_function.max_queue = 1;
    rig_replace(&short_queues);
    client = remote_new(&rig);
    handle = submitted(client, text("SUBMIT_JOB f|%s|x", _i == 0 ? "u" : "-"));
    ck_assert_str_eq(submitted(client, text("SUBMIT_JOB f|%s|x", _i == 0 ? "u" : "-")), handle);
    say(client, "SUBMIT_JOB f|v|x");
    hears_start(client, "ERROR QUEUE_ERROR|Job queue is full: limit=queue ");
    say(client, "SUBMIT_JOB f|-|y"); /* only the body could tell */
    hears_start(client, "ERROR QUEUE_ERROR|Job queue is full: limit=queue ");
    HEARS_NOTHING(client);
}
END_TEST

START_TEST(get_status_unique_finds_the_task_submitted_last_of_all_functions)
{
    struct remote *client = remote_new(&rig);
    const char *of_f = submitted(client, "SUBMIT_JOB_BG f|u|x");
    struct remote *worker = worker_with("f", of_f);

    say(worker, "WORK_STATUS %s|1|2", of_f);
    say(client, "GET_STATUS_UNIQUE u");
    HEARS(client, "STATUS_RES_UNIQUE u|1|1|1|2|0");
    (void)submitted(client, "SUBMIT_JOB g|u|x");
    say(client, "GET_STATUS_UNIQUE u");
    HEARS(client, "STATUS_RES_UNIQUE u|1|0|0|0|1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gearman_unique");
    TCase *cases = tcase_create("unique ids");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, an_equal_unique_id_joins_a_queued_task, 0, COUNT(ways));
    tcase_add_loop_test(cases, an_equal_unique_id_joins_a_running_task, 0, COUNT(ways));
    tcase_add_test(cases, an_ended_task_is_joined_by_nobody);
    tcase_add_test(cases, a_task_that_is_still_arriving_is_joined_by_nobody_and_joins_in_the_end);
    tcase_add_test(cases, unique_ids_are_per_function);
    tcase_add_test(cases, unique_ids_are_equal_byte_by_byte);
    tcase_add_test(cases, an_empty_unique_id_never_coalesces);
    tcase_add_test(cases, later_attachers_get_later_frames_only);
    tcase_add_loop_test(cases, who_attaches_in_the_middle_of_a_result_gets_all_of_it, 0, 3);
    tcase_add_test(cases,
                   who_attaches_in_the_middle_of_data_hears_first_of_the_task_and_then_of_its_end);
    tcase_add_test(cases, a_unique_id_of_up_to_63_bytes_is_kept_whole);
    tcase_add_loop_test(cases, a_longer_unique_id_is_argument_too_large, 0, COUNT(ways));
    tcase_add_test(cases, dash_coalesces_on_an_equal_payload_and_the_worker_sees_a_dash);
    tcase_add_test(cases, dash_never_coalesces_on_an_empty_payload);
    tcase_add_test(cases, dash_does_not_coalesce_on_what_only_begins_or_ends_alike);
    tcase_add_loop_test(cases, dash_compares_every_byte_of_a_large_payload, 0, 9);
    tcase_add_test(cases, dash_compares_bytes_where_hashes_are_equal);
    tcase_add_loop_test(cases, the_second_body_is_given_back_at_once, 0, 2);
    tcase_add_loop_test(
        cases, a_background_submission_is_not_lost_when_an_attached_foreground_client_leaves, 0, 2);
    tcase_add_test(cases, a_background_submission_attached_to_a_running_task_survives_its_worker);
    tcase_add_loop_test(cases, coalescing_is_not_refused_where_a_new_task_would_be, 0, 2);
    tcase_add_test(cases, get_status_unique_finds_the_task_submitted_last_of_all_functions);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
