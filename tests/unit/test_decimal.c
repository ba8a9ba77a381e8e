/* Numbers as the wire has them. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"

static void is_written_as_printf_does(uint64_t number)
{
    char expected[DECIMAL_MAX + 1];
    uint8_t written[DECIMAL_MAX + 1];
    struct gm_slice text;
    uint64_t again;
    size_t size;

    (void)snprintf(expected, sizeof expected, "%" PRIu64, number);
    memset(written, '#', sizeof written);
    size = decimal_write(written, number);
    ck_assert_uint_eq(size, strlen(expected));
    ck_assert_uint_eq(decimal_size(number), size);
    ck_assert_mem_eq(written, expected, size);
    if (size < sizeof written)
        ck_assert_int_eq(written[size], '#');
    text = (struct gm_slice){written, size};
    ck_assert(decimal_read(text, &again));
    ck_assert_uint_eq(again, number);
}

START_TEST(a_number_is_written_and_read_on_either_side_of_every_power_of_ten_and_two)
{
    uint64_t ten = 1;

    for (int digits = 1; digits < DECIMAL_MAX; digits++, ten *= 10)
        for (uint64_t off = 0; off < 3; off++)
            is_written_as_printf_does(ten + off - 1);
    for (unsigned bits = 0; bits < 64; bits++)
        for (uint64_t off = 0; off < 3; off++)
            is_written_as_printf_does((UINT64_C(1) << bits) + off - 1);
    is_written_as_printf_does(UINT64_MAX);
    is_written_as_printf_does(UINT64_C(10000000000000000000));
}
END_TEST

static const char *const no_numbers[] = {"",
                                         "x",
                                         "1x",
                                         "-1",
                                         "+1",
                                         " 1",
                                         "1 ",
                                         "0x1",
                                         "1.0",
                                         "18446744073709551616",
                                         "99999999999999999999",
                                         "100000000000000000000"};

START_TEST(what_is_no_number_of_64_bits_is_not_read)
{
    struct gm_slice text = gm_text(no_numbers[_i]);
    uint64_t number;

    ck_assert(!decimal_read(text, &number));
}
END_TEST

static void is_the_same_with_zeros_in_front(uint64_t number)
{
    char expected[DECIMAL_MAX + 1];
    uint8_t written[DECIMAL_FIXED + 1];
    uint64_t again;

    (void)snprintf(expected, sizeof expected, "%0*" PRIu64, DECIMAL_FIXED, number);
    memset(written, '#', sizeof written);
    decimal_write_fixed(written, number);
    ck_assert_mem_eq(written, expected, DECIMAL_FIXED);
    ck_assert_int_eq(written[DECIMAL_FIXED], '#');
    ck_assert(decimal_read_fixed(written, &again));
    ck_assert_uint_eq(again, number);
}

START_TEST(sixteen_digits_are_written_and_read_whatever_they_are)
{
    for (uint64_t ten = 1; ten < UINT64_C(10000000000000000); ten *= 10)
        for (uint64_t digit = 1; digit < 10; digit++) {
            is_the_same_with_zeros_in_front(ten * digit);
            is_the_same_with_zeros_in_front(ten * digit - 1);
        }
    is_the_same_with_zeros_in_front(UINT64_C(1234567890123456));
    is_the_same_with_zeros_in_front(UINT64_C(9999999999999999));
}
END_TEST

START_TEST(any_other_byte_at_any_of_sixteen_places_is_no_number)
{
    uint8_t text[DECIMAL_FIXED + 1] = "1234567890123456";
    uint8_t digit = text[_i];
    uint64_t number;

    for (int byte = 0; byte < 256; byte++) {
        bool is_digit = byte >= '0' && byte <= '9';

        text[_i] = (uint8_t)byte;
        ck_assert(decimal_read_fixed(text, &number) == is_digit);
    }
    text[_i] = digit;
    ck_assert(decimal_read_fixed(text, &number));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decimal");
    TCase *cases = tcase_create("decimal");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(cases,
                   a_number_is_written_and_read_on_either_side_of_every_power_of_ten_and_two);
    tcase_add_loop_test(cases, what_is_no_number_of_64_bits_is_not_read, 0,
                        sizeof no_numbers / sizeof *no_numbers);
    tcase_add_test(cases, sixteen_digits_are_written_and_read_whatever_they_are);
    tcase_add_loop_test(cases, any_other_byte_at_any_of_sixteen_places_is_no_number, 0,
                        DECIMAL_FIXED);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
