/* The format of a spool: what was written is read, and nothing else. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool_file.h"

enum { SMALL_MAX = 256, LARGE = 3 * SPOOL_BUFFER / 2 };

static struct spool_writer writer;
static struct spool_reader reader;
static int fd;

/* A file without a name. */
static void setup(void)
{
    FILE *file = tmpfile();

    ck_assert_ptr_nonnull(file);
    fd = dup(fileno(file));
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void teardown(void)
{
    close(fd);
}

static void write_frame(const void *bytes, size_t size)
{
    ck_assert(spool_write_frame(&writer, size));
    ck_assert(spool_write_bytes(&writer, bytes, size));
    ck_assert(spool_write_frame_end(&writer));
}

static void read_from_the_beginning(void)
{
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    spool_read_begin(&reader, fd);
}

/* A spool of three short submissions, as bytes; returns how many. */
static size_t small_spool(uint8_t bytes[SMALL_MAX])
{
    ssize_t size;

    spool_write_begin(&writer, fd);
    write_frame("first", 5);
    write_frame("2", 1);
    write_frame("the third", 9);
    ck_assert_int_eq(spool_write_end(&writer), 0);
    size = pread(fd, bytes, SMALL_MAX, 0);
    ck_assert_int_gt(size, 0);
    return (size_t)size;
}

static void replace(const uint8_t *bytes, size_t size)
{
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    ck_assert_int_eq(pwrite(fd, bytes, size, 0), (ssize_t)size);
}

static void is_damaged(void)
{
    enum spool_item item;

    read_from_the_beginning();
    do
        item = spool_read_next(&reader);
    while (item == SPOOL_FRAME);
    ck_assert_int_eq(item, SPOOL_DAMAGED);
    ck_assert_ptr_nonnull(reader.fault);
    ck_assert_int_eq(spool_read_next(&reader), SPOOL_DAMAGED);
}

START_TEST(what_was_written_is_read)
{
    static uint8_t large[LARGE], back[LARGE + 1];
    char text[16];

    for (size_t i = 0; i < LARGE; i++)
        large[i] = (uint8_t)(i * 7);
    spool_write_begin(&writer, fd);
    write_frame("first", 5);
    write_frame(large, LARGE);
    write_frame("last", 4);
    ck_assert_int_eq(spool_write_end(&writer), 0);

    read_from_the_beginning();
    ck_assert_int_eq(spool_read_next(&reader), SPOOL_FRAME);
    ck_assert_uint_eq(reader.left, 5);
    ck_assert_uint_eq(spool_read_bytes(&reader, text, sizeof text), 5);
    ck_assert_mem_eq(text, "first", 5);
    ck_assert_int_eq(spool_read_next(&reader), SPOOL_FRAME);
    ck_assert_uint_eq(spool_read_bytes(&reader, back, sizeof back), LARGE);
    ck_assert_mem_eq(back, large, LARGE);
    ck_assert_int_eq(spool_read_next(&reader), SPOOL_FRAME); /* and is passed over */
    ck_assert_int_eq(spool_read_next(&reader), SPOOL_END);
    ck_assert_uint_eq(reader.count, 3);
}
END_TEST

START_TEST(a_spool_of_nothing_is_one)
{
    spool_write_begin(&writer, fd);
    ck_assert_int_eq(spool_write_end(&writer), 0);
    read_from_the_beginning();
    ck_assert_int_eq(spool_read_next(&reader), SPOOL_END);
}
END_TEST

/* The checksum is the one that others mean by its name: iSCSI, RFC 3720. */
START_TEST(the_checksum_is_crc_32c)
{
    uint8_t bytes[SMALL_MAX];
    static const uint8_t expected[] = {0, 0, 0, 1, '2', 0x87, 0x08, 0xd7, 0x04};

    (void)small_spool(bytes);
    ck_assert_mem_eq(bytes + 8 + 4 + 5 + 4, expected, sizeof expected);
}
END_TEST

START_TEST(every_truncation_is_noticed)
{
    uint8_t bytes[SMALL_MAX];
    size_t size = small_spool(bytes);

    for (size_t cut = 0; cut < size; cut++) {
        replace(bytes, cut);
        is_damaged();
    }
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
    uint8_t bytes[SMALL_MAX];
    size_t size = small_spool(bytes);

    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        replace(bytes, size);
        is_damaged();
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}
END_TEST

START_TEST(a_missing_submission_and_what_stands_behind_the_end_are_noticed)
{
    enum { BEGINNING = 8, SECOND = BEGINNING + 4 + 5 + 4, THIRD = SECOND + 4 + 1 + 4 };
    uint8_t bytes[SMALL_MAX], other[SMALL_MAX];
    size_t size = small_spool(bytes);

    memcpy(other, bytes, SECOND);
    memcpy(other + SECOND, bytes + THIRD, size - THIRD);
    replace(other, size - (THIRD - SECOND));
    is_damaged();
    ck_assert_str_eq(reader.fault, "submissions are missing");
    bytes[size] = 0;
    replace(bytes, size + 1);
    is_damaged();
    ck_assert_str_eq(reader.fault, "something stands behind its end");
}
END_TEST

START_TEST(the_offset_is_that_of_the_damaged_submission)
{
    enum { SECOND = 8 + 4 + 5 + 4 };
    uint8_t bytes[SMALL_MAX];
    size_t size = small_spool(bytes);

    bytes[SECOND + 4] ^= 1;
    replace(bytes, size);
    is_damaged();
    ck_assert_uint_eq(reader.offset, SECOND);
    ck_assert_str_eq(reader.fault, "the checksum is wrong");
}
END_TEST

START_TEST(a_full_disk_is_an_error_of_the_end_at_the_latest)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    static const uint8_t large[LARGE];

    ck_assert_int_ge(full, 0);
    spool_write_begin(&writer, full);
    write_frame("short", 5);
    ck_assert_int_eq(spool_write_end(&writer), -ENOSPC);
    spool_write_begin(&writer, full);
    ck_assert(spool_write_frame(&writer, LARGE));
    ck_assert(!spool_write_bytes(&writer, large, LARGE));
    ck_assert_int_eq(spool_write_end(&writer), -ENOSPC);
    close(full);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("spool_file");
    TCase *cases = tcase_create("spool_file");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, what_was_written_is_read);
    tcase_add_test(cases, a_spool_of_nothing_is_one);
    tcase_add_test(cases, the_checksum_is_crc_32c);
    tcase_add_test(cases, every_truncation_is_noticed);
    tcase_add_test(cases, every_flipped_bit_is_noticed);
    tcase_add_test(cases, a_missing_submission_and_what_stands_behind_the_end_are_noticed);
    tcase_add_test(cases, the_offset_is_that_of_the_damaged_submission);
    tcase_add_test(cases, a_full_disk_is_an_error_of_the_end_at_the_latest);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
