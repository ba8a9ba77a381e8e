/* What the journal is told of an event: MESSAGE, its priority and name, and a field for each key=value. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "log_fields.h"

static struct log_fields fields;

static void make(const char *text)
{
    log_fields_make(&fields, LOG_DENIED, text, strlen(text));
}

static void is_field(size_t i, const char *text)
{
    ck_assert_uint_lt(i, fields.count);
    ck_assert_uint_eq(fields.items[i].iov_len, strlen(text));
    ck_assert_mem_eq(fields.items[i].iov_base, text, strlen(text));
}

START_TEST(every_event_has_its_text_priority_and_name)
{
    make("no more");
    is_field(0, "MESSAGE=denied: no more");
    is_field(1, "PRIORITY=4");
    is_field(2, "SYSLOG_IDENTIFIER=pmadd");
    is_field(3, "PMADD_EVENT=denied");
    ck_assert_uint_eq(fields.count, 4);
}
END_TEST

START_TEST(words_with_a_key_are_fields)
{
    make("why: a b=c; peer=7 of_it=x=y, --not=one =no 9=no end=1");
    is_field(4, "PMADD_B=c");
    is_field(5, "PMADD_PEER=7");
    is_field(6, "PMADD_OF_IT=x=y");
    is_field(7, "PMADD_END=1");
    ck_assert_uint_eq(fields.count, 8);
}
END_TEST

START_TEST(what_finds_no_room_is_left_out)
{
    char text[LOG_FIELDS_ROOM];
    size_t size = 0;

    for (int i = 0; i < 2 * LOG_FIELDS_MAX; i++, size += 4)
        memcpy(text + size, "k=v ", 4);
    text[size] = 0;
    make(text);
    ck_assert_uint_eq(fields.count, LOG_FIELDS_MAX);
    is_field(LOG_FIELDS_MAX - 1, "PMADD_K=v");

    memset(text, 'x', sizeof text);
    memcpy(text, "k=", 2);
    text[sizeof text / 2] = 0;
    make(text);
    is_field(3, "PMADD_EVENT=denied");
    ck_assert_uint_eq(fields.count, 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log_fields");
    TCase *cases = tcase_create("log_fields");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(cases, every_event_has_its_text_priority_and_name);
    tcase_add_test(cases, words_with_a_key_are_fields);
    tcase_add_test(cases, what_finds_no_room_is_left_out);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
