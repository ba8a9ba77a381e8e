/*
 * The codec under bytes that nobody meant: every answer must hold what gm_flaws.h asks, no byte past
 * the end is touched, and an answer once given stays when more bytes come. Each run prints its seed.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gm_flaws.h"
#include "guarded.h"

enum { SEEDS = 8, FRAME_ROUNDS = 10000, LINE_ROUNDS = 100000 };

static struct guarded guarded;

static void setup(void)
{
    guarded = guarded_map();
}

static void teardown(void)
{
    guarded_unmap(&guarded);
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Fills `frame` with bytes that are a frame as far as most of them go: NULs are frequent, the type is
 * near one of the table, the announced size near the real one. */
static void frame_fill(uint8_t *frame, size_t size, uint64_t *state)
{
    for (size_t i = 0; i < size; i++)
        frame[i] = next_random(state) % 4 == 0 ? 0 : (uint8_t)next_random(state);
    if (next_random(state) % 16 == 0)
        return;
    memset(frame, 0, 7);
    frame[1] = 'R';
    frame[2] = 'E';
    frame[3] = next_random(state) % 2 == 0 ? 'Q' : 'S';
    frame[7] = (uint8_t)(next_random(state) % (GM_TYPES + 2));
    if (next_random(state) % 8 != 0) {
        memset(frame + 8, 0, 3);
        frame[11] = (uint8_t)(next_random(state) % (size + 8));
    }
}

/* Returns what went wrong while `frame` came byte by byte, or NULL. */
static const char *frame_flaw(const uint8_t *frame, size_t frame_size, size_t head_max,
                              unsigned *heads)
{
    enum gm_decode last = GM_NEED_MORE;
    size_t last_head_size = 0;

    for (size_t size = 0; size <= frame_size; size++) {
        const uint8_t *bytes = guarded_copy(&guarded, frame, size);
        struct gm_head head = {.head_size = 0};
        enum gm_decode answer = gm_head_decode(&head, bytes, size, head_max);
        const char *flaw = gm_head_flaw(answer, &head, bytes, size, head_max);

        if (flaw != NULL)
            return flaw;
        if (last != GM_NEED_MORE && (answer != last || head.head_size != last_head_size))
            return "an answer was taken back when more bytes came";
        last = answer;
        last_head_size = head.head_size;
    }
    *heads += last == GM_HEAD;
    return NULL;
}

START_TEST(garbled_frames_get_sound_answers)
{
    uint64_t state = 0x6672616D65 + (uint64_t)_i;
    unsigned heads = 0;

    printf("garbled frames: seed %#" PRIx64 "\n", state);
    for (unsigned round = 0; round < FRAME_ROUNDS; round++) {
        uint8_t frame[72];
        size_t head_max = GM_HEADER_SIZE + 1 + next_random(&state) % sizeof(frame);
        const char *flaw;

        frame_fill(frame, sizeof(frame), &state);
        flaw = frame_flaw(frame, sizeof(frame), head_max, &heads);
        if (flaw != NULL)
            ck_abort_msg("seed %d, round %u: %s", _i, round, flaw);
    }
    /* Neither all good nor all bad, or the frames would not be worth their time. */
    ck_assert_uint_gt(heads, FRAME_ROUNDS / 10);
    ck_assert_uint_lt(heads, FRAME_ROUNDS - FRAME_ROUNDS / 10);
}
END_TEST

START_TEST(garbled_lines_get_sound_answers)
{
    static const char letters[] = "aB \t\t\r \0z:-";
    uint64_t state = 0x6C696E65 + (uint64_t)_i;

    printf("garbled lines: seed %#" PRIx64 "\n", state);
    for (unsigned round = 0; round < LINE_ROUNDS; round++) {
        uint8_t text[48];
        size_t size = next_random(&state) % (sizeof(text) + 1);
        size_t line_max = next_random(&state) % (sizeof(text) + 1);
        const uint8_t *bytes;
        struct gm_line line;
        const char *flaw;

        for (size_t i = 0; i < sizeof(text); i++) {
            bool ends = next_random(&state) % sizeof(text) == 0;

            text[i] = ends ? '\n' : (uint8_t)letters[next_random(&state) % (sizeof(letters) - 1)];
        }
        bytes = guarded_copy(&guarded, text, size);
        flaw = gm_line_flaw(gm_line_decode(&line, bytes, size, line_max), &line, bytes, size,
                            line_max);
        if (flaw != NULL)
            ck_abort_msg("seed %d, round %u: %s", _i, round, flaw);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gm_garbage");
    TCase *cases = tcase_create("garbage");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, garbled_frames_get_sound_answers, 0, SEEDS);
    tcase_add_loop_test(cases, garbled_lines_get_sound_answers, 0, SEEDS);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
