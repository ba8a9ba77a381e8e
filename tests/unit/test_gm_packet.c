#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "gm_packet.h"

struct row {
    const char *name;
    enum gm_direction direction;
    const char *parts; /* the arguments by name, and `data` at the end where there is some */
};

/* The protocol as its description lists it, number by number from 1. */
static const struct row protocol[] = {
    {"CAN_DO", GM_FROM_PEER, "function"},
    {"CANT_DO", GM_FROM_PEER, "function"},
    {"RESET_ABILITIES", GM_FROM_PEER, ""},
    {"PRE_SLEEP", GM_FROM_PEER, ""},
    {"UNUSED", GM_FROM_NOBODY, ""},
    {"NOOP", GM_FROM_SERVER, ""},
    {"SUBMIT_JOB", GM_FROM_PEER, "function unique data"},
    {"JOB_CREATED", GM_FROM_SERVER, "handle"},
    {"GRAB_JOB", GM_FROM_PEER, ""},
    {"NO_JOB", GM_FROM_SERVER, ""},
    {"JOB_ASSIGN", GM_FROM_SERVER, "handle function data"},
    {"WORK_STATUS", GM_FROM_BOTH, "handle numerator denominator"},
    {"WORK_COMPLETE", GM_FROM_BOTH, "handle data"},
    {"WORK_FAIL", GM_FROM_BOTH, "handle"},
    {"GET_STATUS", GM_FROM_PEER, "handle"},
    {"ECHO_REQ", GM_FROM_PEER, "data"},
    {"ECHO_RES", GM_FROM_SERVER, "data"},
    {"SUBMIT_JOB_BG", GM_FROM_PEER, "function unique data"},
    {"ERROR", GM_FROM_SERVER, "code text"},
    {"STATUS_RES", GM_FROM_SERVER, "handle known running numerator denominator"},
    {"SUBMIT_JOB_HIGH", GM_FROM_PEER, "function unique data"},
    {"SET_CLIENT_ID", GM_FROM_PEER, "id"},
    {"CAN_DO_TIMEOUT", GM_FROM_PEER, "function timeout"},
    {"ALL_YOURS", GM_FROM_PEER, ""},
    {"WORK_EXCEPTION", GM_FROM_BOTH, "handle data"},
    {"OPTION_REQ", GM_FROM_PEER, "option"},
    {"OPTION_RES", GM_FROM_SERVER, "option"},
    {"WORK_DATA", GM_FROM_BOTH, "handle data"},
    {"WORK_WARNING", GM_FROM_BOTH, "handle data"},
    {"GRAB_JOB_UNIQ", GM_FROM_PEER, ""},
    {"JOB_ASSIGN_UNIQ", GM_FROM_SERVER, "handle function unique data"},
    {"SUBMIT_JOB_HIGH_BG", GM_FROM_PEER, "function unique data"},
    {"SUBMIT_JOB_LOW", GM_FROM_PEER, "function unique data"},
    {"SUBMIT_JOB_LOW_BG", GM_FROM_PEER, "function unique data"},
    {"SUBMIT_JOB_SCHED", GM_FROM_PEER, "function unique minute hour day month weekday data"},
    {"SUBMIT_JOB_EPOCH", GM_FROM_PEER, "function unique epoch data"},
    {"SUBMIT_REDUCE_JOB", GM_FROM_PEER, "function unique reducer aggregate data"},
    {"SUBMIT_REDUCE_JOB_BACKGROUND", GM_FROM_PEER, "function unique reducer aggregate data"},
    {"GRAB_JOB_ALL", GM_FROM_PEER, ""},
    {"JOB_ASSIGN_ALL", GM_FROM_SERVER, "handle function unique reducer data"},
    {"GET_STATUS_UNIQUE", GM_FROM_PEER, "unique"},
    {"STATUS_RES_UNIQUE", GM_FROM_SERVER, "unique known running numerator denominator clients"},
};

enum { ROWS = sizeof(protocol) / sizeof(protocol[0]) };

static unsigned words_in(const char *parts)
{
    unsigned words = *parts != '\0';

    for (; *parts != '\0'; parts++)
        words += *parts == ' ';
    return words;
}

START_TEST(every_row_is_what_the_protocol_lists)
{
    const struct row *row = &protocol[_i];
    const struct gm_packet *packet = gm_packet((uint32_t)_i + 1);
    bool data = strstr(row->parts, "data") != NULL;

    ck_assert_ptr_nonnull(packet);
    ck_assert_str_eq(packet->name, row->name);
    ck_assert_str_eq(gm_packet_name((uint32_t)_i + 1), row->name);
    ck_assert_int_eq(packet->direction, row->direction);
    ck_assert_int_eq(packet->data, data);
    ck_assert_uint_eq(packet->args + (unsigned)data, words_in(row->parts));
    ck_assert_uint_le(packet->args, GM_ARGS_MAX);
}
END_TEST

START_TEST(the_list_ends_where_the_numbers_end)
{
    ck_assert_uint_eq(ROWS, GM_TYPES - 1);
    ck_assert_str_eq(gm_packet_name(GM_STATUS_RES_UNIQUE), protocol[ROWS - 1].name);
}
END_TEST

START_TEST(four_results_may_leave_their_data_out)
{
    const uint32_t omitted[] = {GM_WORK_COMPLETE, GM_WORK_EXCEPTION, GM_WORK_DATA, GM_WORK_WARNING};
    size_t found = 0;

    for (uint32_t type = 1; type < GM_TYPES; type++)
        if (gm_packet(type)->data_omitted) {
            ck_assert_uint_lt(found, 4);
            ck_assert_uint_eq(type, omitted[found++]);
        }
    ck_assert_uint_eq(found, 4);
}
END_TEST

START_TEST(a_number_outside_the_protocol_has_no_row)
{
    const uint32_t outside[] = {0, GM_TYPES, 0x504D0001, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};

    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        ck_assert_ptr_null(gm_packet(outside[i]));
        ck_assert_str_eq(gm_packet_name(outside[i]), "unknown");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gm_packet");
    TCase *table = tcase_create("table");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(table, every_row_is_what_the_protocol_lists, 0, ROWS);
    tcase_add_test(table, the_list_ends_where_the_numbers_end);
    tcase_add_test(table, four_results_may_leave_their_data_out);
    tcase_add_test(table, a_number_outside_the_protocol_has_no_row);
    suite_add_tcase(suite, table);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
