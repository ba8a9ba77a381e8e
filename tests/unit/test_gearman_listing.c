/* Listings as cursors: how little memory they take, whom they hold up, and what is in them while tasks,
 * workers and functions come and go between their pieces. */
#include "admin_fixture.h"

enum {
    PIECE = 32768,          /* bytes of all pieces of a turn, about */
    WIRE_SIZE = 512 * 1024, /* of the pool: less than any listing here is long */
    MARGIN = 16384          /* the longest row and what belongs to it */
};

/* Many of everything, and a small pool `wire`. */
static struct rig_setup setup_of(size_t tasks, size_t functions, size_t connections)
{
    struct rig_setup setup = rig_setup_ample();

    setup.limits.tasks = tasks;
    setup.limits.functions = functions;
    setup.limits.connections = connections;
    setup.limits.submissions_per_connection = tasks;
    setup.limits.payload_max = 1000;
    setup.tasks = (struct pmad_layout){.pool_size = (tasks + 64) * 512 + (1 << 20),
                                       .class_count = 2,
                                       .classes = {{256, 80}, {1024, 20}}};
    setup.wire = (struct pmad_layout){
        .pool_size = WIRE_SIZE, .class_count = 3, .classes = {{128, 20}, {2048, 20}, {65536, 60}}};
    return setup;
}

/* Makes unique ids, each a number, longer. */
#define TAIL "-and-many-a-byte-behind-the-number"

static void submit_many(struct remote *client, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        post(client, "SUBMIT_JOB_BG f|%u" TAIL "|", i);
        if (i % 512 == 511)
            rig_turn(&rig);
    }
    rig_turn(&rig);
    ck_assert_uint_eq(hear_out(client), to - from);
}

/* It reads so many bytes more. */
static void reads(struct remote *remote, size_t bytes)
{
    remote->appetite = bytes;
    rig_turn(&rig);
}

/* Reads on to the end of everything, and to the end of the listing that it was told. */
static void reads_all(struct remote *remote)
{
    reads(remote, SIZE_MAX);
    ck_assert_uint_eq(remote->seat->peer.outbox.size, 0);
    ck_assert_int_eq(remote->seat->peer.listing.kind, 0);
}

/* Counts how often each number below `most` is what is left of the rows heard behind `ahead`; whatever
 * stands behind the number is no matter. Returns the rows, the full stop left out. */
static size_t count_rows(struct remote *admin, const char *ahead, unsigned *counts, unsigned most)
{
    struct heard_frame frame;
    size_t rows = 0;

    while (hear_frame(admin, &frame)) {
        char row[64] = "";
        unsigned long number;

        if (frame.size == 1 && frame.bytes[0] == '.')
            return rows;
        rows++;
        memcpy(row, frame.bytes, frame.size < sizeof row - 1 ? frame.size : sizeof row - 1);
        if (strncmp(row, ahead, strlen(ahead)) != 0)
            continue;
        number = strtoul(row + strlen(ahead), NULL, 10);
        if (number < most)
            counts[number]++;
    }
    ck_abort_msg("a listing has no end");
    return rows;
}

/* Those from `first` to `end` were counted `times`. */
static void all_counted(const unsigned *counts, unsigned first, unsigned end, unsigned times)
{
    for (unsigned i = first; i < end; i++)
        ck_assert_msg(counts[i] == times, "row %u is there %u times", i, counts[i]);
}

/* ---- memory ---- */

enum { MANY = 100000 };

START_TEST(a_hundred_thousand_tasks_are_listed_in_a_pool_a_fraction_as_large)
{
    static unsigned counts[MANY];
    struct rig_setup many = setup_of(MANY, 4, 4);
    struct remote *admin, *client;

    rig_replace(&many);
    admin = remote_new(&rig);
    client = remote_new(&rig);
    submit_many(client, 0, MANY);
    say_line(admin, "show jobs");
    ck_assert_uint_gt(admin->heard.size, (size_t)4 * WIRE_SIZE);
    ck_assert_uint_eq(count_rows(admin, "H:", counts, 0), MANY);
    say_line(admin, "Show Unique Jobs");
    ck_assert_uint_gt(admin->heard.size - admin->looked_at, WIRE_SIZE);
    ck_assert_uint_eq(count_rows(admin, "", counts, MANY), MANY);
    all_counted(counts, 0, MANY, 1);
    HEARS_NOTHING(admin);
}
END_TEST

static const char *const task_listings[] = {"show jobs", "show unique jobs"};

START_TEST(a_peer_that_does_not_read_its_listing_holds_one_piece)
{
    struct rig_setup some = setup_of(20000, 4, 4);
    struct remote *admin, *client;

    rig_replace(&some);
    admin = remote_new(&rig);
    client = remote_new(&rig);
    submit_many(client, 0, 20000);
    admin->appetite = 0;
    say_line(admin, task_listings[_i]);
    ck_assert_uint_gt(admin->seat->peer.outbox.size, PIECE / 2);
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_le(admin->seat->peer.outbox.size, PIECE + MARGIN);
        ck_assert_uint_le(wire_used(), (size_t)2 * (PIECE + MARGIN));
        ck_assert_int_ne(admin->seat->peer.listing.kind, 0);
        reads(admin, 10000);
    }
    is_served(client);
    reads_all(admin);
    ck_assert_uint_eq(wire_used(), 0);
}
END_TEST

START_TEST(a_peer_may_leave_in_the_middle_of_its_listing)
{
    struct rig_setup some = setup_of(20000, 4, 4);
    struct remote *admin, *client;

    rig_replace(&some);
    admin = remote_new(&rig);
    client = remote_new(&rig);
    submit_many(client, 0, 20000);
    admin->appetite = (size_t)_i * 60000;
    say_line(admin, "show jobs");
    remote_leave(admin);
    ck_assert_uint_eq(wire_used(), 0);
    is_served(client);
}
END_TEST

enum { SLOW = 60 };

/* Slow ones take more and more of the pool, until a row of 8 KiB finds no room in it. */
START_TEST(a_row_waits_for_room_in_the_pool_and_is_written_when_there_is_some)
{
    struct rig_setup some = setup_of(20000, 80, SLOW + 2);
    struct remote *worker, *client, *slow[SLOW];
    size_t count = 0, row = 0;

    rig_replace(&some);
    worker = remote_new(&rig);
    client = remote_new(&rig);
    submit_many(client, 0, 20000);
    for (int i = 0; i < 64; i++)
        say(worker, "CAN_DO %0*d", LONGEST, i);
    for (; rig_counts(&rig).starved == 0 && count < SLOW; count++) {
        slow[count] = remote_new(&rig);
        slow[count]->appetite = 0;
        say_line(slow[count], "show jobs");
        say_line(worker, "workers");
        if (rig_counts(&rig).starved == 0)
            row = worker->heard.size - worker->looked_at;
        (void)hear_out(worker);
    }
    ck_assert_uint_gt(row, (size_t)64 * LONGEST);
    ck_assert_int_ne(worker->seat->peer.listing.kind, 0);
    ck_assert_uint_eq(worker->seat->peer.outbox.size, 0);
    while (count > 0)
        remote_leave(slow[--count]);
    rig_turn(&rig);
    ck_assert_uint_gt(worker->heard.size - worker->looked_at, (size_t)64 * LONGEST);
    ck_assert_uint_eq(hear_out(worker), 3); /* itself, the client, the full stop */
    is_served(worker);
    ck_assert_uint_eq(wire_used(), 0);
}
END_TEST

/* ---- rows that come and go ---- */

enum { FEW = 12000, FEW_MORE = 2 * FEW };

/* Of the tasks 0 to FEW those are cancelled that `i % 3` is 1 for, and others come. */
START_TEST(tasks_that_stay_are_listed_once_whatever_comes_and_goes)
{
    static unsigned counts[FEW_MORE];
    static char handles[FEW][64];
    struct rig_setup some = setup_of(FEW_MORE, 4, 8);
    struct remote *admin, *other, *client;
    unsigned next = FEW, cancelled = 0;

    rig_replace(&some);
    admin = remote_new(&rig);
    other = remote_new(&rig);
    client = remote_new(&rig);
    for (unsigned i = 0; i < FEW; i++)
        keep(handles[i], submitted(client, text("SUBMIT_JOB_BG f|%u" TAIL "|", i)));
    admin->appetite = 0;
    say_line(admin, "show unique jobs");
    while (admin->seat->peer.listing.kind != 0) {
        for (int i = 0; i < 1000 && cancelled < FEW; i++, cancelled++)
            if (cancelled % 3 == 1)
                is_ok(other, text("cancel job %s", handles[cancelled]));
        submit_many(client, next, next + 200);
        next += 200;
        reads(admin, 20000);
    }
    ck_assert_uint_gt(cancelled, FEW / 2);
    reads_all(admin);
    ck_assert_uint_gt(count_rows(admin, "", counts, FEW_MORE), FEW * 2 / 3);
    for (unsigned i = 0; i < FEW_MORE; i++)
        ck_assert_msg(i < FEW && i % 3 != 1 ? counts[i] == 1 : counts[i] <= 1,
                      "task %u is there %u times", i, counts[i]);
    HEARS_NOTHING(admin);
}
END_TEST

enum { WORKERS = 1000, NUMBERS = 2 * WORKERS };

START_TEST(workers_that_stay_are_listed_once_whatever_comes_and_goes)
{
    static unsigned counts[NUMBERS];
    static struct remote *workers[WORKERS];
    struct rig_setup some = setup_of(16, 100, WORKERS + 2);
    struct remote *admin;

    rig_replace(&some);
    admin = remote_new(&rig);
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = remote_new(&rig);
        post(workers[i], "SET_CLIENT_ID worker-%050u", i);
        for (unsigned j = 0; j < 5; j++)
            post(workers[i], "CAN_DO a-function-with-a-name-%u", (i + j) % 90);
    }
    rig_turn(&rig);
    admin->appetite = 0;
    say_line(admin, "workers");
    for (unsigned i = 0; admin->seat->peer.listing.kind != 0; i++) {
        if (i * 50 < WORKERS)
            for (unsigned j = i * 50; j < i * 50 + 50; j++)
                if (j % 4 == 1) {
                    remote_leave(workers[j]);
                    (void)remote_new(&rig);
                }
        reads(admin, 8000);
    }
    reads_all(admin);
    ck_assert_uint_ge(count_rows(admin, "", counts, NUMBERS), WORKERS * 3 / 4);
    for (unsigned i = 0; i < WORKERS; i++) /* whose number is i + 2 */
        ck_assert_msg(i % 4 != 1 ? counts[i + 2] == 1 : counts[i + 2] <= 1,
                      "worker %u is there %u times", i + 2, counts[i + 2]);
}
END_TEST

START_TEST(functions_that_stay_are_listed_once_whatever_comes_and_goes)
{
    static const char *const lines[] = {"status", "prioritystatus"};
    static unsigned counts[6000];
    struct rig_setup some = setup_of(16, 6000, 8);
    struct remote *admin, *other;
    unsigned next = 3000, dropped = 0;

    rig_replace(&some);
    admin = remote_new(&rig);
    other = remote_new(&rig);
    for (unsigned i = 0; i < 3000; i++)
        say_line(other, text("create function %u-%060u", i, 0));
    ck_assert_uint_eq(hear_out(other), 3000);
    admin->appetite = 0;
    say_line(admin, lines[_i]);
    while (admin->seat->peer.listing.kind != 0) {
        for (int i = 0; i < 200 && dropped < 3000; i++, dropped++)
            if (dropped % 2 == 1)
                is_ok(other, text("drop function %u-%060u", dropped, 0));
        for (int i = 0; i < 20; i++)
            is_ok(other, text("create function %u-%060u", next++, 0));
        reads(admin, 9000);
    }
    reads_all(admin);
    (void)count_rows(admin, "", counts, 6000);
    for (unsigned i = 0; i < 6000; i++)
        ck_assert_msg(i < 3000 && i % 2 == 0 ? counts[i] == 1 : counts[i] <= 1,
                      "function %u is there %u times", i, counts[i]);
}
END_TEST

/* ---- others go on ---- */

/* Somebody who asks, in the middle of the first listing there is, for an echo. */
struct onlooker {
    struct remote *admin, *other;
    bool asked, served;
};

static void on_fed(struct remote *remote, void *context)
{
    struct onlooker *onlooker = context;
    bool in_the_middle = onlooker->admin->seat->peer.listing.index > 0;

    if (remote != onlooker->other || !in_the_middle)
        return;
    if (!onlooker->asked)
        post(remote, "ECHO_REQ hello");
    onlooker->asked = true;
    onlooker->served = onlooker->served || remote->heard.size > remote->looked_at;
}

START_TEST(others_are_served_in_the_middle_of_a_listing_that_is_read_at_once)
{
    struct rig_setup some = setup_of(MANY, 4, 4);
    struct onlooker onlooker = {0};
    struct remote *client;

    rig_replace(&some);
    client = remote_new(&rig);
    submit_many(client, 0, MANY);
    onlooker = (struct onlooker){.admin = remote_new(&rig), .other = remote_new(&rig)};
    rig.context = &onlooker;
    rig.on_fed = on_fed;
    say_line(onlooker.admin, task_listings[_i]);
    rig.on_fed = NULL;
    ck_assert(onlooker.asked && onlooker.served);
    ck_assert_uint_eq(count_rows(onlooker.admin, "x", NULL, 0), MANY);
}
END_TEST

/* Hands a line to the core, and nothing else: no turn, no writing. */
static void feed_line(struct remote *remote, const char *line)
{
    struct iovec room[2];
    size_t size = strlen(line);

    ck_assert_uint_gt(peer_input(&remote->seat->peer, room, 2), 0);
    ck_assert_uint_ge(room[0].iov_len, size);
    memcpy(room[0].iov_base, line, size);
    peer_input_got(&remote->seat->peer, size);
}

/* All but the last of a hundred thousand tasks are gone: hardly a row has somebody in it. */
START_TEST(rows_of_nobody_are_passed_over_in_several_turns)
{
    struct rig_setup some = setup_of(MANY, 4, 4);
    struct remote *admin, *client;
    const struct listing *listing;
    unsigned turns = 0;

    rig_replace(&some);
    client = remote_new(&rig);
    for (unsigned i = 0; i < MANY - 1; i++) {
        post(client, "SUBMIT_JOB f||");
        if (i % 512 == 511)
            rig_turn(&rig);
    }
    rig_turn(&rig);
    admin = remote_new(&rig);
    (void)submitted(admin, "SUBMIT_JOB_BG f|last|");
    remote_leave(client);
    rig_turn(&rig);
    ck_assert_uint_eq(rig_counts(&rig).tasks, 1);
    listing = &admin->seat->peer.listing;
    router_tick(rig.router, rig.now);
    feed_line(admin, "show unique jobs\n");
    while (listing->kind != 0) {
        uint32_t index = listing->index;

        ck_assert_uint_eq(router_deadline(rig.router), rig.now.mono_us);
        ck_assert_uint_eq(admin->seat->peer.outbox.size, 0);
        (void)router_settle(rig.router); /* there is no more to be had in this turn */
        ck_assert_uint_eq(listing->index, index);
        router_tick(rig.router, rig.now);
        (void)router_settle(rig.router);
        ck_assert(listing->kind == 0 || listing->index > index);
        ck_assert(listing->kind == 0 || listing->index - index < MANY / 2);
        turns++;
    }
    ck_assert_uint_gt(turns, 1);
    rig_turn(&rig);
    ck_assert_str_eq(hear_listing(admin), "last\n.");
    ck_assert_uint_eq(router_deadline(rig.router), UINT64_MAX);
}
END_TEST

enum { ADMINS = 30 };

START_TEST(all_listings_of_a_turn_together_have_one_allowance_and_each_comes_to_its_end)
{
    struct rig_setup some = setup_of(6000, 4, 40);
    struct remote *admins[ADMINS], *client;
    size_t told = 0;

    some.wire.pool_size = 8 << 20;
    rig_replace(&some);
    client = remote_new(&rig);
    submit_many(client, 0, 6000);
    for (size_t i = 0; i < ADMINS; i++)
        admins[i] = remote_new(&rig);
    rig_turn(&rig);
    for (size_t i = 0; i < ADMINS; i++) {
        feed_line(admins[i], "show jobs\n");
        told += admins[i]->seat->peer.outbox.size;
    }
    ck_assert_uint_gt(told, PIECE / 2);
    ck_assert_uint_le(told, PIECE + MARGIN);
    is_served(client);
    for (size_t i = 0; i < ADMINS; i++)
        ck_assert_uint_eq(count_rows(admins[i], "x", NULL, 0), 6000);
}
END_TEST

START_TEST(what_is_asked_behind_a_listing_waits_and_comes_in_order)
{
    static const char lines[] = "show jobs\nversion\nshow unique jobs\nstatus\nwings\n";
    struct rig_setup some = setup_of(6000, 4, 4);
    struct remote *admin, *client;

    rig_replace(&some);
    admin = remote_new(&rig);
    client = remote_new(&rig);
    submit_many(client, 0, 6000);
    remote_post(admin, lines, strlen(lines));
    admin->piece = (size_t)_i;
    say(admin, "ECHO_REQ behind");
    ck_assert_uint_eq(count_rows(admin, "x", NULL, 0), 6000);
    hears_bytes(admin, "OK 1.2.3\n");
    ck_assert_uint_eq(count_rows(admin, "x", NULL, 0), 6000);
    ck_assert_str_eq(hear_listing(admin), "f\t6000\t0\t0\n.");
    hears_bytes(admin, "ERR UNKNOWN_COMMAND Unknown+server+commandwings\r\n");
    HEARS(admin, "ECHO_RES behind");
    HEARS_NOTHING(admin);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gearman_listing");
    TCase *cases = tcase_create("cursors");

    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_hundred_thousand_tasks_are_listed_in_a_pool_a_fraction_as_large);
    tcase_add_loop_test(cases, a_peer_that_does_not_read_its_listing_holds_one_piece, 0, 2);
    tcase_add_loop_test(cases, a_peer_may_leave_in_the_middle_of_its_listing, 0, 4);
    tcase_add_test(cases, a_row_waits_for_room_in_the_pool_and_is_written_when_there_is_some);
    tcase_add_test(cases, tasks_that_stay_are_listed_once_whatever_comes_and_goes);
    tcase_add_test(cases, workers_that_stay_are_listed_once_whatever_comes_and_goes);
    tcase_add_loop_test(cases, functions_that_stay_are_listed_once_whatever_comes_and_goes, 0, 2);
    tcase_add_loop_test(cases, others_are_served_in_the_middle_of_a_listing_that_is_read_at_once, 0,
                        2);
    tcase_add_test(cases, rows_of_nobody_are_passed_over_in_several_turns);
    tcase_add_test(cases,
                   all_listings_of_a_turn_together_have_one_allowance_and_each_comes_to_its_end);
    tcase_add_loop_test(cases, what_is_asked_behind_a_listing_waits_and_comes_in_order, 0, 3);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
