/*
 * Every allocation of a scenario fails: the first, the second, ... the last; once alone, and once with
 * all that come after it; once with the lanes of the pool `wire` free, and once with all of them in the
 * hands of peers who do not read. Each run ends as trial_judge() says, and with all pools at their base.
 */
#define _POSIX_C_SOURCE 200809L /* NOLINT(readability-identifier-naming): the name is POSIX's */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenario.h"

/* Which allocations fail; of `hogged` see trial_init(). */
struct want {
    uint64_t nth; /* 0: none */
    bool on, hogged;
};

static char where[256];

static void where_set(const struct scenario *scenario, struct want want)
{
    (void)snprintf(where, sizeof where, "%s: allocation %llu fails%s, lanes %s: ", scenario->name,
                   (unsigned long long)want.nth, want.on ? " and all after it" : "",
                   want.hogged ? "in use" : "free");
}

static void report(const char *finding)
{
    ck_abort_msg("%s%s", where, finding);
}

/* A MUST of the core says what, and this where. */
static void on_abort(int number)
{
    ssize_t written = write(STDERR_FILENO, where, strlen(where));

    (void)written;
    (void)signal(number, SIG_DFL);
}

/* What has come of all runs of a scenario. */
struct tally {
    size_t runs, refused, closed, waited;
};

/* One run; returns how many allocations its play has asked for. */
static uint64_t run(const struct scenario *scenario, struct want want, struct trial *trial)
{
    struct rig_setup setup = trial_setup();
    uint64_t count;

    where_set(scenario, want);
    if (scenario->change != NULL)
        scenario->change(&setup);
    trial_init(trial, &setup, want.hogged);
    if (scenario->prepare != NULL)
        scenario->prepare(trial);
    (void)router_scarcity(trial->rig.router, want.nth, want.on);
    scenario->play(trial);
    count = router_scarcity(trial->rig.router, 0, false);
    trial_judge(trial);
    return count;
}

static void sweep(const struct scenario *scenario, struct want want, struct tally *tally)
{
    static struct trial trial;
    uint64_t count = run(scenario, want, &trial);
    size_t closed = trial.closed;

    ck_assert_msg(count > 0, "%s: nothing is taken", scenario->name);
    for (want.nth = 1; want.nth <= count; want.nth++) {
        (void)run(scenario, want, &trial);
        ck_assert_msg(want.on || trial.closed <= closed + 1, "%sit closes several peers", where);
        tally->runs++;
        tally->refused += trial.refused;
        tally->closed += trial.closed;
        tally->waited += trial.waited;
    }
}

static void sweep_all_ways(const struct scenario *scenario)
{
    struct tally tally = {0};

    driver_failed = report;
    (void)signal(SIGABRT, on_abort);
    for (int i = 0; i < 4; i++)
        sweep(scenario, (struct want){.on = i & 1, .hogged = i & 2}, &tally);
    printf("%-14s  %5zu runs  %5zu refused  %4zu closed  %4zu waited\n", scenario->name, tally.runs,
           tally.refused, tally.closed, tally.waited);
}

START_TEST(every_allocation_may_fail_of_those_who_ask)
{
    sweep_all_ways(&ask_scenarios[_i]);
}
END_TEST

START_TEST(every_allocation_may_fail_of_those_who_work)
{
    sweep_all_ways(&work_scenarios[_i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweep_allocations");
    TCase *cases = tcase_create("scenarios");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, every_allocation_may_fail_of_those_who_ask, 0,
                        (int)ask_scenario_count);
    tcase_add_loop_test(cases, every_allocation_may_fail_of_those_who_work, 0,
                        (int)work_scenario_count);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
