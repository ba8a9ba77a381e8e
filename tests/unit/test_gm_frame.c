#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "gm_flaws.h"
#include "gm_frame.h"
#include "guarded.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A literal with what NULs it has, but for the one that the compiler adds. */
#define SLICE(literal) ((struct gm_slice){(const uint8_t *)(literal), sizeof(literal) - 1})

enum { HEAD_MAX = 512, ANNOUNCED_AT = 8 };

static struct guarded guarded;

/* One argument for each place a packet may have, none like another. */
static struct gm_slice sample[GM_ARGS_MAX];

static void setup(void)
{
    guarded = guarded_map();
    for (size_t i = 0; i < GM_ARGS_MAX; i++)
        sample[i] = (struct gm_slice){(const uint8_t *)"abcdefgh" + i, 8 - i};
}

static void teardown(void)
{
    guarded_unmap(&guarded);
}

/* Decodes a copy whose end is fenced, and asks of every answer what must hold of all. */
static enum gm_decode decode(struct gm_head *head, const uint8_t *bytes, size_t size,
                             size_t head_max)
{
    const uint8_t *copy = guarded_copy(&guarded, bytes, size);
    enum gm_decode answer = gm_head_decode(head, copy, size, head_max);
    const char *flaw = gm_head_flaw(answer, head, copy, size, head_max);

    if (flaw != NULL)
        ck_abort_msg("%s", flaw);
    return answer;
}

/* Writes the head of `type` with the sample arguments into `frame`, which has HEAD_MAX bytes. */
static size_t sample_head(uint8_t *frame, enum gm_type type, size_t body_size)
{
    size_t size = gm_head_encode(frame, HEAD_MAX, GM_REQ, type, sample, body_size);

    ck_assert_uint_ge(size, GM_HEADER_SIZE);
    ck_assert_uint_eq(size, gm_head_size(type, sample));
    return size;
}

static void announce(uint8_t *frame, uint32_t size)
{
    for (unsigned i = 0; i < 4; i++)
        frame[ANNOUNCED_AT + i] = (uint8_t)(size >> (24 - 8 * i));
}

/* What a packet answers when its arguments cannot be found. */
static void assert_can_be_skipped(const struct gm_head *head, enum gm_type type, size_t announced)
{
    ck_assert_int_eq(head->magic, GM_REQ);
    ck_assert_uint_eq(head->type, type);
    ck_assert_ptr_eq(head->packet, gm_packet(type));
    ck_assert_uint_eq(head->arg_count, 0);
    ck_assert_uint_eq(head->head_size, GM_HEADER_SIZE);
    ck_assert_uint_eq(head->body_size, announced);
}

/* The tests below that take a type run once for each row of the table, as `_i`. */

START_TEST(a_head_is_asked_for_until_its_last_byte_and_then_comes_back_as_written)
{
    const struct gm_packet *packet = gm_packet((uint32_t)_i);
    size_t body_size = packet->data ? 100000 : 0;

    for (int magic = GM_REQ; magic <= GM_RES; magic++) {
        uint8_t frame[HEAD_MAX];
        struct gm_head head;
        size_t size = gm_head_encode(frame, sizeof(frame), (enum gm_magic)magic, (enum gm_type)_i,
                                     sample, body_size);

        for (size_t prefix = 0; prefix < size; prefix++)
            ck_assert_int_eq(decode(&head, frame, prefix, HEAD_MAX), GM_NEED_MORE);
        ck_assert_int_eq(decode(&head, frame, size, HEAD_MAX), GM_HEAD);
        ck_assert_int_eq(head.magic, magic);
        ck_assert_int_eq(head.type, _i);
        ck_assert_ptr_eq(head.packet, packet);
        ck_assert_uint_eq(head.head_size, size);
        ck_assert_uint_eq(head.body_size, body_size);
        ck_assert_uint_eq(head.arg_count, packet->args);
        for (uint32_t i = 0; i < head.arg_count; i++)
            ck_assert(gm_slice_equal(head.args[i], sample[i]));
    }
}
END_TEST

START_TEST(empty_arguments_are_arguments)
{
    const struct gm_packet *packet = gm_packet((uint32_t)_i);
    const struct gm_slice empty[GM_ARGS_MAX] = {{NULL, 0}};
    size_t nuls = packet->args > 0 && !packet->data ? packet->args - 1u : packet->args;
    uint8_t frame[HEAD_MAX];
    struct gm_head head;
    size_t size = gm_head_encode(frame, sizeof(frame), GM_REQ, (enum gm_type)_i, empty, 0);

    ck_assert_uint_eq(size, GM_HEADER_SIZE + nuls);
    ck_assert_int_eq(decode(&head, frame, size, HEAD_MAX), GM_HEAD);
    ck_assert_uint_eq(head.arg_count, packet->args);
    for (uint32_t i = 0; i < head.arg_count; i++)
        ck_assert_uint_eq(head.args[i].size, 0);
    ck_assert_uint_eq(head.body_size, 0);
}
END_TEST

START_TEST(a_missing_separator_is_an_answer_in_every_packet)
{
    const struct gm_packet *packet = gm_packet((uint32_t)_i);
    uint8_t whole[HEAD_MAX];
    size_t size = sample_head(whole, (enum gm_type)_i, 0);

    for (size_t nul = GM_HEADER_SIZE; nul < size; nul++) {
        uint8_t frame[HEAD_MAX];
        struct gm_head head;

        if (whole[nul] != 0)
            continue;
        memcpy(frame, whole, size);
        frame[nul] = 'x';
        for (size_t prefix = 0; prefix < size; prefix++)
            ck_assert_int_eq(decode(&head, frame, prefix, HEAD_MAX), GM_NEED_MORE);
        if (packet->data_omitted) {
            ck_assert_int_eq(decode(&head, frame, size, HEAD_MAX), GM_HEAD);
            ck_assert_uint_eq(head.args[0].size, size - GM_HEADER_SIZE);
            ck_assert_uint_eq(head.body_size, 0);
        } else {
            ck_assert_int_eq(decode(&head, frame, size, HEAD_MAX), GM_BAD_ARGS);
            assert_can_be_skipped(&head, (enum gm_type)_i, size - GM_HEADER_SIZE);
        }
    }
}
END_TEST

START_TEST(a_head_may_have_head_max_bytes_and_not_one_more)
{
    uint8_t frame[HEAD_MAX];
    struct gm_head head;
    size_t size = sample_head(frame, (enum gm_type)_i, 0);

    ck_assert_int_eq(decode(&head, frame, size, size), GM_HEAD);
    ck_assert_uint_eq(head.head_size, size);
    if (gm_packet((uint32_t)_i)->args == 0)
        return;
    ck_assert_int_eq(decode(&head, frame, size, size - 1), GM_BAD_ARGS);
    ck_assert_int_eq(decode(&head, frame, size - 1, size - 1), GM_BAD_ARGS);
    assert_can_be_skipped(&head, (enum gm_type)_i, size - GM_HEADER_SIZE);
}
END_TEST

START_TEST(four_announced_gigabytes_are_judged_by_the_head)
{
    const struct gm_packet *packet = gm_packet((uint32_t)_i);
    enum gm_decode unseen = packet->data ? GM_NEED_MORE : GM_BAD_ARGS;
    uint8_t frame[HEAD_MAX];
    struct gm_head head;
    size_t size = sample_head(frame, (enum gm_type)_i, 0);

    announce(frame, UINT32_MAX);
    ck_assert_int_eq(decode(&head, frame, GM_HEADER_SIZE, HEAD_MAX),
                     packet->args == 0 ? GM_HEAD : unseen);
    if (packet->data || packet->args == 0) {
        ck_assert_int_eq(decode(&head, frame, size, HEAD_MAX), GM_HEAD);
        ck_assert_uint_eq(head.body_size, UINT32_MAX - (size - GM_HEADER_SIZE));
    }
    if (packet->args > 0) {
        memset(frame + GM_HEADER_SIZE, 'x', HEAD_MAX - GM_HEADER_SIZE);
        ck_assert_int_eq(decode(&head, frame, HEAD_MAX, HEAD_MAX), GM_BAD_ARGS);
        assert_can_be_skipped(&head, (enum gm_type)_i, UINT32_MAX);
    }
}
END_TEST

START_TEST(the_bytes_behind_a_frame_are_not_its_arguments)
{
    const struct gm_packet *packet = gm_packet((uint32_t)_i);
    uint8_t frame[HEAD_MAX] = {0};
    struct gm_head head;
    size_t size = sample_head(frame, (enum gm_type)_i, 0);

    if (packet->args == 0)
        return;
    /* The frame ends a byte before its last argument does; NULs enough stand behind it. */
    announce(frame, (uint32_t)(size - GM_HEADER_SIZE - 1));
    if (packet->data && !packet->data_omitted) {
        ck_assert_int_eq(decode(&head, frame, HEAD_MAX, HEAD_MAX), GM_BAD_ARGS);
    } else {
        ck_assert_int_eq(decode(&head, frame, HEAD_MAX, HEAD_MAX), GM_HEAD);
        ck_assert_uint_eq(head.head_size, size - 1);
        ck_assert_uint_eq(head.body_size, 0);
    }
}
END_TEST

START_TEST(a_nul_is_refused_in_every_argument_that_one_ends)
{
    const struct gm_packet *packet = gm_packet((uint32_t)_i);

    for (uint32_t i = 0; i < packet->args; i++) {
        bool ends_the_frame = !packet->data && i + 1 == packet->args;
        struct gm_slice args[GM_ARGS_MAX];
        uint8_t frame[HEAD_MAX];
        struct gm_head head;
        size_t size;

        memcpy(args, sample, sizeof(args));
        args[i] = SLICE("ab\0c");
        size = gm_head_encode(frame, sizeof(frame), GM_REQ, (enum gm_type)_i, args, 0);
        ck_assert_int_eq(size > 0, ends_the_frame);
        if (size == 0)
            continue;
        ck_assert_int_eq(decode(&head, frame, size, HEAD_MAX), GM_HEAD);
        ck_assert(gm_slice_equal(head.args[i], args[i]));
    }
}
END_TEST

START_TEST(a_head_is_written_into_exactly_its_room_or_not_at_all)
{
    size_t size = gm_head_size((enum gm_type)_i, sample);
    uint8_t *room = guarded_room(&guarded, size);

    ck_assert_uint_eq(gm_head_encode(room, size, GM_RES, (enum gm_type)_i, sample, 0), size);
    for (size_t less = 0; less < size; less++)
        ck_assert_uint_eq(
            gm_head_encode(guarded_room(&guarded, less), less, GM_RES, (enum gm_type)_i, sample, 0),
            0);
}
END_TEST

START_TEST(a_frame_that_its_size_cannot_tell_is_not_written)
{
    const struct gm_packet *packet = gm_packet((uint32_t)_i);
    uint8_t frame[HEAD_MAX];
    struct gm_slice args[GM_ARGS_MAX];
    size_t size = gm_head_size((enum gm_type)_i, sample);
    size_t most = packet->data ? UINT32_MAX - (size - GM_HEADER_SIZE) : 0;

    ck_assert_uint_eq(sample_head(frame, (enum gm_type)_i, most), size);
    ck_assert_int_eq(memcmp(frame + ANNOUNCED_AT, "\xFF\xFF\xFF\xFF", 4) == 0, packet->data);
    ck_assert_uint_eq(
        gm_head_encode(frame, sizeof(frame), GM_REQ, (enum gm_type)_i, sample, most + 1), 0);
    ck_assert_uint_eq(
        gm_head_encode(frame, sizeof(frame), GM_REQ, (enum gm_type)_i, sample, SIZE_MAX), 0);
    for (uint32_t i = 0; i < packet->args; i++) {
        memcpy(args, sample, sizeof(args));
        args[i].size = SIZE_MAX;
        ck_assert_uint_eq(gm_head_size((enum gm_type)_i, args), 0);
        ck_assert_uint_eq(gm_head_encode(frame, SIZE_MAX, GM_REQ, (enum gm_type)_i, args, 0), 0);
    }
}
END_TEST

START_TEST(a_wrong_byte_of_the_magic_is_refused_as_soon_as_it_comes)
{
    uint8_t frame[HEAD_MAX];
    struct gm_head head;
    size_t size = sample_head(frame, GM_JOB_CREATED, 0);

    for (size_t at = 0; at < 4; at++) {
        const uint8_t right = frame[at];

        for (unsigned byte = 0; byte < 256; byte++) {
            if (byte == right || (at == 3 && byte == 'S'))
                continue;
            frame[at] = (uint8_t)byte;
            for (size_t prefix = 0; prefix <= size; prefix++)
                ck_assert_int_eq(decode(&head, frame, prefix, HEAD_MAX),
                                 prefix <= at ? GM_NEED_MORE : GM_BAD_MAGIC);
        }
        frame[at] = right;
    }
    ck_assert_int_eq(decode(&head, frame, size, HEAD_MAX), GM_HEAD);
}
END_TEST

START_TEST(no_bytes_at_all_are_the_beginning_of_a_frame)
{
    struct gm_head head;

    ck_assert_int_eq(gm_head_decode(&head, NULL, 0, HEAD_MAX), GM_NEED_MORE);
}
END_TEST

START_TEST(a_frame_of_unknown_type_is_all_body)
{
    const uint32_t types[] = {0, GM_TYPES, 0x504D0001, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};

    for (size_t i = 0; i < LENGTH(types); i++) {
        uint8_t frame[] = "\0REQtypesizeabc";
        struct gm_head head;

        for (unsigned byte = 0; byte < 4; byte++)
            frame[4 + byte] = (uint8_t)(types[i] >> (24 - 8 * byte));
        announce(frame, 3 + (uint32_t)i);
        ck_assert_int_eq(decode(&head, frame, GM_HEADER_SIZE, GM_HEADER_SIZE + 1), GM_HEAD);
        ck_assert_uint_eq(head.type, types[i]);
        ck_assert_ptr_null(head.packet);
        ck_assert_uint_eq(head.arg_count, 0);
        ck_assert_uint_eq(head.head_size, GM_HEADER_SIZE);
        ck_assert_uint_eq(head.body_size, 3 + i);
        ck_assert_uint_eq(gm_head_size((enum gm_type)types[i], sample), 0);
        ck_assert_uint_eq(
            gm_head_encode(frame, sizeof(frame), GM_REQ, (enum gm_type)types[i], sample, 0), 0);
    }
}
END_TEST

START_TEST(surplus_bytes_after_a_request_without_arguments_are_its_body)
{
    struct gm_slice frame = SLICE("\0REQ\0\0\0\x09\0\0\0\x04junk");
    struct gm_head head;

    ck_assert_int_eq(decode(&head, frame.bytes, frame.size, HEAD_MAX), GM_HEAD);
    ck_assert_uint_eq(head.type, GM_GRAB_JOB);
    ck_assert_uint_eq(head.head_size, GM_HEADER_SIZE);
    ck_assert_uint_eq(head.body_size, 4);
}
END_TEST

START_TEST(a_lone_argument_is_the_whole_body_with_its_nuls)
{
    struct gm_slice frame = SLICE("\0REQ\0\0\0\x0F\0\0\0\x06H:x:1\0");
    struct gm_head head;

    ck_assert_int_eq(decode(&head, frame.bytes, frame.size, HEAD_MAX), GM_HEAD);
    ck_assert_uint_eq(head.type, GM_GET_STATUS);
    ck_assert(gm_slice_equal(head.args[0], SLICE("H:x:1\0")));
    ck_assert_uint_eq(head.body_size, 0);
}
END_TEST

START_TEST(an_omitted_separator_is_believed_only_when_the_frame_is_whole)
{
    /* The header behind begins with a NUL, which is no separator of this frame. */
    struct gm_slice frames = SLICE("\0REQ\0\0\0\x0D\0\0\0\x05H:x:1\0REQ\0\0\0\x09\0\0\0\0");
    struct gm_head head;

    for (size_t size = 0; size < 17; size++)
        ck_assert_int_eq(decode(&head, frames.bytes, size, HEAD_MAX), GM_NEED_MORE);
    ck_assert_int_eq(decode(&head, frames.bytes, 17, HEAD_MAX), GM_HEAD);
    ck_assert_int_eq(decode(&head, frames.bytes, frames.size, HEAD_MAX), GM_HEAD);
    ck_assert(gm_slice_equal(head.args[0], SLICE("H:x:1")));
    ck_assert_uint_eq(head.head_size, 17);
    ck_assert_uint_eq(head.body_size, 0);
    ck_assert_int_eq(decode(&head, frames.bytes, 17, 17), GM_HEAD);
    ck_assert_int_eq(decode(&head, frames.bytes, 16, 16), GM_BAD_ARGS);
}
END_TEST

/* Frames as clients expect them, written by hand; `data` is how many of their bytes are data. */
static const struct {
    enum gm_magic magic;
    enum gm_type type;
    const char *args[4];
    size_t data;
    struct gm_slice frame;
} by_hand[] = {
    {GM_RES, GM_JOB_CREATED, {"H:x:1"}, 0, SLICE("\0RES\0\0\0\x08\0\0\0\x05H:x:1")},
    {GM_RES, GM_WORK_FAIL, {"H:x:1"}, 0, SLICE("\0RES\0\0\0\x0E\0\0\0\x05H:x:1")},
    {GM_RES, GM_WORK_COMPLETE, {"H:x:1"}, 2, SLICE("\0RES\0\0\0\x0D\0\0\0\x08H:x:1\0ok")},
    {GM_RES, GM_WORK_COMPLETE, {"H:x:1"}, 0, SLICE("\0RES\0\0\0\x0D\0\0\0\x06H:x:1\0")},
    {GM_RES,
     GM_WORK_STATUS,
     {"H:x:1", "3", "10"},
     0,
     SLICE("\0RES\0\0\0\x0C\0\0\0\x0AH:x:1\0003\00010")},
    {GM_RES, GM_JOB_ASSIGN, {"H:x:1", "wc"}, 4, SLICE("\0RES\0\0\0\x0B\0\0\0\x0DH:x:1\0wc\0a b\n")},
    {GM_RES,
     GM_JOB_ASSIGN_ALL,
     {"H:x:1", "wc", "", "sum"},
     1,
     SLICE("\0RES\0\0\0\x28\0\0\0\x0FH:x:1\0wc\0\0sum\0z")},
    {GM_RES,
     GM_ERROR,
     {"JOB_NOT_FOUND", "no"},
     0,
     SLICE("\0RES\0\0\0\x13\0\0\0\x10JOB_NOT_FOUND\0no")},
    {GM_RES, GM_NOOP, {NULL}, 0, SLICE("\0RES\0\0\0\x06\0\0\0\0")},
    {GM_RES, GM_ECHO_RES, {NULL}, 3, SLICE("\0RES\0\0\0\x11\0\0\0\x03\0\xFF\0")},
    {GM_REQ, GM_SUBMIT_JOB, {"wc", ""}, 3, SLICE("\0REQ\0\0\0\x07\0\0\0\x07wc\0\0a b")},
    {GM_REQ, GM_CAN_DO_TIMEOUT, {"wc", "5000"}, 0, SLICE("\0REQ\0\0\0\x17\0\0\0\x07wc\0005000")},
};

START_TEST(frames_are_what_clients_expect_byte_for_byte)
{
    struct gm_slice expected = by_hand[_i].frame;
    size_t data = by_hand[_i].data;
    struct gm_slice args[GM_ARGS_MAX];
    uint8_t written[HEAD_MAX];
    struct gm_head head;
    size_t count = 0;
    size_t size;

    for (; count < 4 && by_hand[_i].args[count] != NULL; count++)
        args[count] = gm_text(by_hand[_i].args[count]);
    ck_assert_uint_eq(count, gm_packet(by_hand[_i].type)->args);
    size =
        gm_head_encode(written, sizeof(written), by_hand[_i].magic, by_hand[_i].type, args, data);
    ck_assert_uint_eq(size + data, expected.size);
    ck_assert_mem_eq(written, expected.bytes, size);

    ck_assert_int_eq(decode(&head, expected.bytes, expected.size, HEAD_MAX), GM_HEAD);
    ck_assert_uint_eq(head.body_size, data);
    for (size_t i = 0; i < count; i++)
        ck_assert(gm_slice_equal(head.args[i], args[i]));
}
END_TEST

START_TEST(slices_are_equal_when_their_bytes_are)
{
    ck_assert(gm_slice_equal(gm_text("abc"), SLICE("abc")));
    ck_assert(gm_slice_equal(gm_text(""), (struct gm_slice){NULL, 0}));
    ck_assert(!gm_slice_equal(gm_text("abc"), gm_text("abd")));
    ck_assert(!gm_slice_equal(gm_text("abc"), gm_text("ab")));
    ck_assert(!gm_slice_equal(SLICE("a\0b"), SLICE("a\0c")));
}
END_TEST

static TCase *every_type(void)
{
    TCase *cases = tcase_create("every type");
    const int end = GM_TYPES;

    tcase_add_loop_test(
        cases, a_head_is_asked_for_until_its_last_byte_and_then_comes_back_as_written, 1, end);
    tcase_add_loop_test(cases, empty_arguments_are_arguments, 1, end);
    tcase_add_loop_test(cases, a_missing_separator_is_an_answer_in_every_packet, 1, end);
    tcase_add_loop_test(cases, a_head_may_have_head_max_bytes_and_not_one_more, 1, end);
    tcase_add_loop_test(cases, four_announced_gigabytes_are_judged_by_the_head, 1, end);
    tcase_add_loop_test(cases, the_bytes_behind_a_frame_are_not_its_arguments, 1, end);
    tcase_add_loop_test(cases, a_nul_is_refused_in_every_argument_that_one_ends, 1, end);
    tcase_add_loop_test(cases, a_head_is_written_into_exactly_its_room_or_not_at_all, 1, end);
    tcase_add_loop_test(cases, a_frame_that_its_size_cannot_tell_is_not_written, 1, end);
    return cases;
}

static TCase *corners(void)
{
    TCase *cases = tcase_create("corners");

    tcase_add_test(cases, a_wrong_byte_of_the_magic_is_refused_as_soon_as_it_comes);
    tcase_add_test(cases, no_bytes_at_all_are_the_beginning_of_a_frame);
    tcase_add_test(cases, a_frame_of_unknown_type_is_all_body);
    tcase_add_test(cases, surplus_bytes_after_a_request_without_arguments_are_its_body);
    tcase_add_test(cases, a_lone_argument_is_the_whole_body_with_its_nuls);
    tcase_add_test(cases, an_omitted_separator_is_believed_only_when_the_frame_is_whole);
    tcase_add_loop_test(cases, frames_are_what_clients_expect_byte_for_byte, 0, LENGTH(by_hand));
    tcase_add_test(cases, slices_are_equal_when_their_bytes_are);
    return cases;
}

int main(void)
{
    Suite *suite = suite_create("gm_frame");
    TCase *cases[] = {every_type(), corners()};
    SRunner *runner = srunner_create(suite);
    int failed;

    for (size_t i = 0; i < LENGTH(cases); i++) {
        tcase_add_checked_fixture(cases[i], setup, teardown);
        suite_add_tcase(suite, cases[i]);
    }
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
