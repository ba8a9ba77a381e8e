/* The codec and the wire vectors of tests/vectors: every frame in them, and every beginning of one. */
#define _POSIX_C_SOURCE 200809L /* NOLINT(readability-identifier-naming): the name is POSIX's */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gm_flaws.h"
#include "vector.h"

/* The handle in PROTOCOL's own example. */
#define HANDLE "H:lap:1"

static struct vectors vectors;

/* One frame of a vector, with a value for what a server chooses. */
struct sample {
    const struct vector *vector;
    const struct vector_step *step;
    struct bytes bytes;
};

static void sample_take(struct sample *sample, const struct vector *vector, size_t index)
{
    struct vector_values values = {0};

    vector_values_fill(vector, &values, HANDLE);
    *sample = (struct sample){.vector = vector, .step = &vector->steps[index]};
    vector_step_bytes(sample->step, &values, &sample->bytes);
}

/* Calls `judge` with every step that is given as a packet; returns how many there were. */
static size_t every_packet(void (*judge)(const struct sample *sample))
{
    size_t count = 0;

    for (size_t i = 0; i < vectors.count; i++) {
        for (size_t k = 0; k < vectors.at[i].step_count; k++) {
            struct sample sample;

            if (vectors.at[i].steps[k].type == 0)
                continue;
            sample_take(&sample, &vectors.at[i], k);
            judge(&sample);
            bytes_free(&sample.bytes);
            count++;
        }
    }
    return count;
}

#define EXPECT(sample, holds) \
    ck_assert_msg(holds, "%s:%u: not so: %s", (sample)->vector->file, (sample)->step->line, #holds)

static struct gm_head head_of(const struct sample *sample)
{
    struct gm_head head = {0};

    EXPECT(sample,
           gm_head_decode(&head, sample->bytes.at, sample->bytes.size, FLAWS_HEAD_MAX) == GM_HEAD);
    return head;
}

/* The arguments again, cut at their NULs by other means: the last of a packet without data, or with
 * data left out, is all that remains. */
static void judge_arguments(const struct sample *sample)
{
    struct gm_head head = head_of(sample);
    const uint8_t *at = sample->bytes.at + GM_HEADER_SIZE;
    const uint8_t *end = sample->bytes.at + sample->bytes.size;
    bool is_request = sample->step->verb == VECTOR_SENDS;

    EXPECT(sample, head.type == sample->step->type && head.magic == (is_request ? GM_REQ : GM_RES));
    EXPECT(sample, head.packet == gm_packet(head.type) && head.arg_count == head.packet->args);
    for (uint32_t i = 0; i < head.arg_count; i++) {
        bool is_rest = i + 1 == head.arg_count && !head.packet->data;
        const uint8_t *nul = at;

        while (nul < end && (is_rest || *nul != 0))
            nul++;
        EXPECT(sample, head.args[i].bytes == at && head.args[i].size == (size_t)(nul - at));
        at = nul < end ? nul + 1 : end;
    }
    EXPECT(sample, head.head_size == (size_t)(at - sample->bytes.at));
    EXPECT(sample, head.body_size == (size_t)(end - at));
}

START_TEST(every_frame_has_the_type_the_arguments_and_the_body_that_the_vector_names)
{
    ck_assert_uint_gt(every_packet(judge_arguments), 500);
}
END_TEST

/* Perl's workers leave a NUL out; encoded, it is there. */
static void judge_encoding(const struct sample *sample)
{
    uint8_t again[FLAWS_HEAD_MAX];
    struct gm_head head = head_of(sample);
    size_t size = gm_head_encode(again, sizeof again, head.magic, (enum gm_type)head.type,
                                 head.args, head.body_size);

    if (head.packet->data_omitted && head.body_size == 0 && size == head.head_size + 1) {
        EXPECT(sample, again[size - 1] == 0);
        return;
    }
    EXPECT(sample, size == head.head_size);
    EXPECT(sample, memcmp(again, sample->bytes.at, size) == 0);
}

START_TEST(every_frame_encoded_again_is_the_same_bytes)
{
    (void)every_packet(judge_encoding);
}
END_TEST

static void judge_cuts(const struct sample *sample)
{
    struct gm_head head = head_of(sample);

    for (size_t size = 0; size < head.head_size; size++) {
        struct gm_head early;
        uint8_t *exact = heap_take(size); /* a sanitizer sees a read beyond it */

        memcpy(exact, sample->bytes.at, size);
        EXPECT(sample, gm_head_decode(&early, exact, size, FLAWS_HEAD_MAX) == GM_NEED_MORE);
        free(exact);
    }
}

START_TEST(every_frame_cut_anywhere_in_its_head_needs_more)
{
    (void)every_packet(judge_cuts);
}
END_TEST

START_TEST(every_packet_of_the_protocol_is_sent_in_some_vector)
{
    bool sent[GM_TYPES] = {false};

    for (size_t i = 0; i < vectors.count; i++)
        for (size_t k = 0; k < vectors.at[i].step_count; k++)
            if (vectors.at[i].steps[k].verb == VECTOR_SENDS)
                sent[vectors.at[i].steps[k].type] = true;
    for (uint32_t type = 1; type < GM_TYPES; type++)
        ck_assert_msg(sent[type], "nobody sends %s", gm_packet_name(type));
}
END_TEST

/* What is given as bytes is broken, or several frames, or a piece of one: whatever it is, an answer
 * of the codec holds what every answer must. */
START_TEST(no_answer_to_raw_bytes_has_a_flaw)
{
    size_t count = 0;

    for (size_t i = 0; i < vectors.count; i++) {
        for (size_t k = 0; k < vectors.at[i].step_count; k++) {
            const struct vector_step *step = &vectors.at[i].steps[k];
            struct sample sample;
            struct gm_head head;
            enum gm_decode answer;

            if (step->type != 0 || step->verb != VECTOR_SENDS)
                continue;
            sample_take(&sample, &vectors.at[i], k);
            answer = gm_head_decode(&head, sample.bytes.at, sample.bytes.size, FLAWS_HEAD_MAX);
            ck_assert_pstr_eq(
                gm_head_flaw(answer, &head, sample.bytes.at, sample.bytes.size, FLAWS_HEAD_MAX),
                NULL);
            bytes_free(&sample.bytes);
            count++;
        }
    }
    ck_assert_uint_gt(count, 30);
}
END_TEST

/* ---- the reader of vectors ---- */

static char directory[] = "/tmp/pmadd-vectors-XXXXXX";

static void directory_make(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void directory_remove(void)
{
    char path[64];

    (void)snprintf(path, sizeof path, "%s/one.vectors", directory);
    (void)unlink(path);
    (void)rmdir(directory);
}

static void read_text(struct vectors *into, const char *text)
{
    char path[64];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/one.vectors", directory);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    (void)fputs(text, file);
    (void)fclose(file);
    vectors_read(into, directory);
}

static const char *wanted;

/* Ends the test as it must end if the finding is the one that is wanted. */
static void finding_judge(const char *finding)
{
    directory_remove();
    if (strstr(finding, wanted) != NULL)
        abort();
    exit(EXIT_FAILURE);
}

static void expect_finding(const char *finding)
{
    wanted = finding;
    driver_failed = finding_judge;
}

START_TEST(a_step_is_its_text_and_its_bytes)
{
    static const char told[] = "\0RES\0\0\0\x0d\0\0\0\x0aH:lap:1\0yz";
    struct vector_values values = {0};
    struct vectors one;

    read_text(&one, "vector a sentence\n"
                    "client< WORK_COMPLETE $h|yz\n"
                    "  = 00524553 0000000d 00000003+$h $h 00 797a\n");
    ck_assert_uint_eq(one.count, 1);
    ck_assert_str_eq(one.at[0].name, "a sentence");
    ck_assert_str_eq(one.at[0].peers[0], "client");
    ck_assert(vector_step_is(&one.at[0].steps[0], &values, (const uint8_t *)told, sizeof told - 1));
    ck_assert_mem_eq(values.bytes[0], HANDLE, values.sizes[0]);
    ck_assert(!vector_step_is(&one.at[0].steps[0], &values, (const uint8_t *)told, sizeof told));
    vectors_free(&one);
}
END_TEST

START_TEST(bytes_that_are_not_those_of_the_text_are_an_error)
{
    struct vectors one;

    expect_finding("one.vectors:3: the bytes above are not");
    read_text(&one, "vector a sentence\n"
                    "client> ECHO_REQ a\n"
                    "  = 00524551 00000010 00000001 62\n");
}
END_TEST

START_TEST(a_packet_without_bytes_is_an_error)
{
    struct vectors one;

    expect_finding("one.vectors:2: the bytes above are not");
    read_text(&one, "vector a sentence\nclient> ECHO_REQ a\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vectors_codec");
    TCase *frames = tcase_create("frames");
    TCase *reader = tcase_create("reader");
    SRunner *runner;
    int failed;

    vectors_read(&vectors, VECTORS);
    tcase_add_test(frames,
                   every_frame_has_the_type_the_arguments_and_the_body_that_the_vector_names);
    tcase_add_test(frames, every_frame_encoded_again_is_the_same_bytes);
    tcase_add_test(frames, every_frame_cut_anywhere_in_its_head_needs_more);
    tcase_add_test(frames, every_packet_of_the_protocol_is_sent_in_some_vector);
    tcase_add_test(frames, no_answer_to_raw_bytes_has_a_flaw);
    suite_add_tcase(suite, frames);
    tcase_add_checked_fixture(reader, directory_make, directory_remove);
    tcase_add_test(reader, a_step_is_its_text_and_its_bytes);
    tcase_add_test_raise_signal(reader, bytes_that_are_not_those_of_the_text_are_an_error, SIGABRT);
    tcase_add_test_raise_signal(reader, a_packet_without_bytes_is_an_error, SIGABRT);
    suite_add_tcase(suite, reader);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    vectors_free(&vectors);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
