#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <sys/stat.h>
#include <sys/wait.h>

#include "fake_server.h"

enum { SOON = 50, LONG = 10000 }; /* ms: a timeout that is to happen, and one that is not */

/* ---- connecting ---- */

START_TEST(addresses_without_a_daemon_say_so)
{
    static const struct {
        const char *address;
        enum pmadc_status status;
    } tries[] = {
        {"/nonexistent/pmadd.sock", PMADC_NO_DAEMON},
        {"/etc/passwd", PMADC_NO_DAEMON},
        {"127.0.0.1:1", PMADC_NO_DAEMON},
        {"[::1:]:1", PMADC_NO_DAEMON},
        {"nowhere", PMADC_INVALID},
        {":1", PMADC_INVALID},
        {"host:", PMADC_INVALID},
        {"/a/path/of/more/than/107/bytes/............................................."
         ".....................................",
         PMADC_INVALID},
    };

    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        struct pmadc *client;

        ck_assert_int_eq(pmadc_connect(&client, tries[i].address, LONG), tries[i].status);
        ck_assert_str_ne(pmadc_error(client), "");
        ck_assert_int_eq(pmadc_ping(client, LONG), PMADC_LOST);
        pmadc_close(client);
    }
}
END_TEST

START_TEST(a_daemon_that_accepts_nobody_is_waited_for_in_vain)
{
    struct fake_server server;
    struct pmadc *first;
    struct pmadc *second;

    server_listen(&server); /* room for one, who is never accepted */
    ck_assert_int_eq(pmadc_connect(&first, server.path, LONG), PMADC_OK);
    ck_assert_int_eq(pmadc_connect(&second, server.path, SOON), PMADC_TIMEOUT);
    ck_assert_int_eq(pmadc_ping(first, SOON), PMADC_TIMEOUT);
    pmadc_close(first);
    pmadc_close(second);
    server_remove(&server);
}
END_TEST

START_TEST(a_socket_of_others_denies_permission)
{
    struct fake_server server;
    struct pmadc *client;
    pid_t child;
    int status;

    server_listen(&server);
    ck_assert_int_eq(chmod(server.directory, 0755), 0);
    ck_assert_int_eq(chmod(server.path, 0000), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) /* without the rights that root has anywhere */
        _exit(geteuid() == 0 && setuid(65534) != 0
                  ? 99
                  : (int)pmadc_connect(&client, server.path, LONG));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WEXITSTATUS(status), PMADC_DENIED);
    server_remove(&server);
}
END_TEST

START_TEST(the_address_is_looked_for_in_its_order)
{
    struct fake_server server;
    char found[64];
    char short_one[5];
    char expected[64];

    server_listen(&server);
    (void)snprintf(expected, sizeof expected, "%s/pmadd.sock", server.directory);
    ck_assert_int_eq(setenv("PMADD_SOCKET", "/b", 1), 0);
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", server.directory, 1), 0);
    ck_assert_str_eq(pmadc_address(found, sizeof found, "/a"), "/a");
    ck_assert_str_eq(pmadc_address(found, sizeof found, NULL), "/b");
    ck_assert_int_eq(unsetenv("PMADD_SOCKET"), 0);
    ck_assert_str_eq(pmadc_address(found, sizeof found, NULL), "/run/pmadd/pmadd.sock");
    ck_assert_int_eq(rename(server.path, expected), 0);
    ck_assert_str_eq(pmadc_address(found, sizeof found, NULL), expected);
    ck_assert_str_eq(pmadc_address(short_one, sizeof short_one, "/abcdef"), "/abc");
    ck_assert_int_eq(unlink(expected), 0);
    server_remove(&server);
}
END_TEST

/* ---- administrative lines ---- */

START_TEST(an_answer_of_one_line_or_of_many_is_taken_whole)
{
    static const struct step script[] = {
        HEAR("version\n"),
        DRIP("OK 1.2.3\r\n"),
        HEAR("status\n"),
        DRIP("OK\t1\t0\t0\nERR x\t1\t0\t2\n.x\t0\t0\t0\n.\n"), /* names that look like answers */
        HEAR("workers\n"),
        SAY(".\n"),
        HEAR("maxqueue f 1\n"),
        SAY("OK\r\n"),
        HEAR("pools\n"),
        SAY("tasks\t192\t10\t1\t2\t0\n.\n"),
        END,
    };
    static const char *const lines[][2] = {
        {"version", "OK 1.2.3"},
        {"status", "OK\t1\t0\t0\nERR x\t1\t0\t2\n.x\t0\t0\t0\n"},
        {"workers", ""},
        {"maxqueue f 1", "OK"},
        {"pools", "tasks\t192\t10\t1\t2\t0\n"},
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *text;

        ck_assert_int_eq(pmadc_admin(client, lines[i][0], LONG, &text), PMADC_OK);
        ck_assert_str_eq(text, lines[i][1]);
    }
    server_finish(&server, client);
}
END_TEST

START_TEST(an_error_line_is_a_refusal_with_a_code_if_it_has_one)
{
    static const struct step script[] = {
        HEAR("what\n"),
        SAY("ERR UNKNOWN_COMMAND Unknown+server+command\r\n"),
        HEAR("drop function f\n"),
        SAY("ERR function not found\r\n"),
        HEAR("version\n"),
        SAY("OK 1\n"),
        END,
    };
    struct fake_server server;
    struct pmadc *client = server_start(&server, script);
    const char *text;

    ck_assert_int_eq(pmadc_admin(client, "what", LONG, &text), PMADC_REFUSED);
    ck_assert_str_eq(pmadc_error_code(client), "UNKNOWN_COMMAND");
    ck_assert_str_eq(pmadc_error(client), "UNKNOWN_COMMAND: Unknown+server+command");
    ck_assert_int_eq(pmadc_admin(client, "drop function f", LONG, &text), PMADC_REFUSED);
    ck_assert_str_eq(pmadc_error(client), "ERR: function not found");
    ck_assert_int_eq(pmadc_admin(client, "version", LONG, &text), PMADC_OK);
    server_finish(&server, client);
}
END_TEST

static const struct {
    struct step script[3];
    enum pmadc_status status;
} bad_answers[] = {
    {{HEAR("status\n"), SAY("f\t1"), HANG_UP}, PMADC_LOST},
    {{HEAR("status\n"), SAY("f\t1\t\0002\t3\n.\n"), HANG_UP}, PMADC_PROTOCOL},
    {{HEAR("status\n"), SAY(RES("\x06", "\0") ""), HANG_UP}, PMADC_PROTOCOL},
    {{HEAR("status\n"), SAY("f\t1\t2\t3\n"), END}, PMADC_TIMEOUT},
};

/* Unlike a frame, a late line could not be told from the answer to the next one. */
START_TEST(an_answer_that_is_not_one_ends_the_connection)
{
    int timeout_ms = bad_answers[_i].status == PMADC_TIMEOUT ? SOON : LONG;
    struct fake_server server;
    struct pmadc *client = server_start(&server, bad_answers[_i].script);
    const char *text;

    ck_assert_int_eq(pmadc_admin(client, "status", timeout_ms, &text), bad_answers[_i].status);
    ck_assert_int_eq(pmadc_admin(client, "status", LONG, &text), PMADC_LOST);
    server_finish(&server, client);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client_connection");
    TCase *cases = tcase_create("client_connection");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, addresses_without_a_daemon_say_so);
    tcase_add_test(cases, a_daemon_that_accepts_nobody_is_waited_for_in_vain);
    tcase_add_test(cases, a_socket_of_others_denies_permission);
    tcase_add_test(cases, the_address_is_looked_for_in_its_order);
    tcase_add_test(cases, an_answer_of_one_line_or_of_many_is_taken_whole);
    tcase_add_test(cases, an_error_line_is_a_refusal_with_a_code_if_it_has_one);
    tcase_add_loop_test(cases, an_answer_that_is_not_one_ends_the_connection, 0,
                        sizeof bad_answers / sizeof *bad_answers);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
