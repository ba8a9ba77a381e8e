/* The timing wheel against a list that is searched. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "wheel.h"

enum { TIMERS = 300, STEPS = 20000 };

static struct wheel wheel;

static void setup(void)
{
    wheel_init(&wheel);
}

static uint64_t state = 1;

/* xorshift64 (Marsaglia, 2003): the same numbers in every run. */
static uint64_t roll(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

/* A distance of any order of magnitude. */
static uint64_t roll_far(void)
{
    return roll(UINT64_C(1) << (1 + roll(44)));
}

START_TEST(a_timer_is_due_at_its_tick_and_not_before)
{
    static const uint64_t times[] = {
        1, 2, 63, 64, 65, 127, 128, 4095, 4096, 262143, 1 << 24, UINT64_C(1) << 40, UINT64_MAX - 1};
    uint64_t due = times[_i];
    struct wheel_timer timer = {.due = 0};

    wheel_start(&wheel, &timer, due);
    wheel_turn_to(&wheel, due - 1);
    ck_assert_ptr_null(wheel_take_due(&wheel));
    wheel_turn_to(&wheel, due);
    ck_assert_ptr_eq(wheel_take_due(&wheel), &timer);
    ck_assert_uint_eq(timer.due, 0);
    ck_assert_ptr_null(wheel_take_due(&wheel));
    ck_assert_uint_eq(wheel_next(&wheel), UINT64_MAX);
}
END_TEST

START_TEST(what_is_not_after_now_is_due_at_once)
{
    struct wheel_timer now = {.due = 0};
    struct wheel_timer past = {.due = 0};

    wheel_turn_to(&wheel, 1000);
    wheel_start(&wheel, &now, 1000);
    wheel_start(&wheel, &past, 3);
    ck_assert_uint_eq(wheel_next(&wheel), 1000);
    ck_assert_ptr_eq(wheel_take_due(&wheel), &now);
    ck_assert_ptr_eq(wheel_take_due(&wheel), &past);
}
END_TEST

/* One is started when the time is far off, one when it is near: they share a slot by then. */
START_TEST(equal_times_come_in_the_order_in_which_they_started)
{
    struct wheel_timer timers[4] = {{.due = 0}};

    for (size_t i = 0; i < 4; i++) {
        wheel_start(&wheel, &timers[i], 100000);
        wheel_turn_to(&wheel, 100000 - (UINT64_C(1) << (15 - 5 * i)));
    }
    wheel_turn_to(&wheel, 100000);
    for (size_t i = 0; i < 4; i++)
        ck_assert_ptr_eq(wheel_take_due(&wheel), &timers[i]);
}
END_TEST

START_TEST(a_stopped_timer_never_comes)
{
    struct wheel_timer timers[3] = {{.due = 0}};

    for (size_t i = 0; i < 3; i++)
        wheel_start(&wheel, &timers[i], 5 + i * 100);
    wheel_turn_to(&wheel, 5);
    wheel_stop(&wheel, &timers[0]);
    wheel_stop(&wheel, &timers[2]);
    wheel_stop(&wheel, &timers[2]);
    wheel_turn_to(&wheel, 1000000);
    ck_assert_ptr_eq(wheel_take_due(&wheel), &timers[1]);
    ck_assert_ptr_null(wheel_take_due(&wheel));
}
END_TEST

START_TEST(when_the_time_goes_back_nothing_is_due_that_was_not_taken)
{
    struct wheel_timer timers[3] = {{.due = 0}};

    wheel_turn_to(&wheel, 5000);
    for (size_t i = 0; i < 3; i++)
        wheel_start(&wheel, &timers[i], 5001 + i * 1000);
    wheel_turn_to(&wheel, 6001);
    wheel_turn_to(&wheel, 100);
    ck_assert_ptr_null(wheel_take_due(&wheel));
    wheel_turn_to(&wheel, 5000);
    ck_assert_ptr_null(wheel_take_due(&wheel));
    wheel_turn_to(&wheel, 7001);
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_eq(wheel_take_due(&wheel), &timers[i]);
}
END_TEST

/* ---- the list that is searched ---- */

struct model {
    struct wheel_timer timers[TIMERS];
    uint64_t due[TIMERS]; /* 0: it does not run */
    uint64_t now;
};

static uint64_t model_first(const struct model *model)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < TIMERS; i++)
        if (model->due[i] != 0 && model->due[i] < first)
            first = model->due[i];
    return first;
}

static void take_all_due(struct model *model)
{
    struct wheel_timer *timer;

    while ((timer = wheel_take_due(&wheel)) != NULL) {
        size_t index = (size_t)(timer - model->timers);

        ck_assert_uint_ne(model->due[index], 0);
        ck_assert_uint_le(model->due[index], model->now);
        model->due[index] = 0;
    }
    ck_assert_uint_gt(model_first(model), model->now);
}

static void step(struct model *model)
{
    size_t index = roll(TIMERS);

    switch (roll(8)) {
    case 0:
        model->now += roll_far();
        break;
    case 1:
        model->now -= roll(model->now + 1);
        break;
    case 2:
        if (model_first(model) != UINT64_MAX)
            model->now = model_first(model) - roll(2);
        break;
    case 3:
        wheel_stop(&wheel, &model->timers[index]);
        model->due[index] = 0;
        return;
    default:
        if (model->due[index] == 0) {
            model->due[index] = model->now + 1 + roll_far();
            wheel_start(&wheel, &model->timers[index], model->due[index]);
        }
        return;
    }
    wheel_turn_to(&wheel, model->now);
    take_all_due(model);
}

START_TEST(whatever_happens_those_are_due_that_a_search_finds)
{
    static struct model model;

    state = (uint64_t)_i + 1;
    memset(&model, 0, sizeof model);
    for (int i = 0; i < STEPS; i++) {
        step(&model);
        ck_assert_uint_le(wheel_next(&wheel), model_first(&model));
        ck_assert_uint_ge(wheel_next(&wheel), model.now);
    }
}
END_TEST

/* Who sleeps until wheel_next() every time wakes up once for each level at most. */
START_TEST(a_timer_costs_no_more_wake_ups_than_there_are_levels)
{
    struct wheel_timer timer = {.due = 0};
    int woken = 0;

    wheel_turn_to(&wheel, 123456789);
    wheel_start(&wheel, &timer, UINT64_C(0xfedcba9876543210));
    while (wheel_take_due(&wheel) == NULL) {
        wheel_turn_to(&wheel, wheel_next(&wheel));
        woken++;
    }
    ck_assert_uint_eq(wheel.now, UINT64_C(0xfedcba9876543210));
    ck_assert_int_le(woken, WHEEL_LEVELS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wheel");
    TCase *tcase = tcase_create("wheel");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, a_timer_is_due_at_its_tick_and_not_before, 0, 13);
    tcase_add_test(tcase, what_is_not_after_now_is_due_at_once);
    tcase_add_test(tcase, equal_times_come_in_the_order_in_which_they_started);
    tcase_add_test(tcase, a_stopped_timer_never_comes);
    tcase_add_test(tcase, when_the_time_goes_back_nothing_is_due_that_was_not_taken);
    tcase_add_loop_test(tcase, whatever_happens_those_are_due_that_a_search_finds, 0, 5);
    tcase_add_test(tcase, a_timer_costs_no_more_wake_ups_than_there_are_levels);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
