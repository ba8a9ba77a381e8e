/*
 * Names and ids made to collide. Of FNV-1a (Fowler, Noll, Vo), as of many a hash without a key, the
 * lowest n bits depend on nothing but themselves and the text, and a table of 2^n rows looks at no
 * others. Two blocks that lead from one state to one other are found by trying, and k such pairs in a
 * row make 2^k texts for one row (A. Joux, Multicollisions in Iterated Hash Functions, 2004). Ours has a
 * key that nobody outside knows, so that such texts lie as any others do.
 */
#include "router_fixture.h"
#include "router_state.h"

enum {
    PAIRS = 17, /* 131,072 texts of */
    BLOCK = 3,  /* bytes each, 51 together: less than GM_UNIQUE_MAX */
    TEXTS = 100000,
    TEXT_MAX = PAIRS * BLOCK,
    ROWS = 131072, /* of the table that they would lie in */
    LETTERS = 64,
    BLOCKS = LETTERS * LETTERS * LETTERS
};

static char pairs[PAIRS][2][BLOCK];

/* One step of FNV-1a, as far as the table looks at it. */
static uint32_t step(uint32_t state, uint8_t byte)
{
    return (state ^ byte) * UINT32_C(16777619) & (ROWS - 1);
}

static void block_of(int number, char *block)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    for (int i = 0; i < BLOCK; i++, number /= LETTERS)
        block[i] = letters[number % LETTERS];
}

static uint32_t after_block(uint32_t state, const char *block)
{
    for (int i = 0; i < BLOCK; i++)
        state = step(state, (uint8_t)block[i]);
    return state;
}

struct ending {
    uint32_t state;
    int block;
};

static int by_state(const void *a, const void *b)
{
    const struct ending *one = a, *other = b;

    return (one->state > other->state) - (one->state < other->state);
}

/* Finds two blocks that lead from `state` to the same one, and returns that. */
static uint32_t find_pair(uint32_t state, char pair[2][BLOCK])
{
    static struct ending endings[BLOCKS];

    for (int i = 0; i < BLOCKS; i++) {
        char block[BLOCK];

        block_of(i, block);
        endings[i] = (struct ending){after_block(state, block), i};
    }
    qsort(endings, BLOCKS, sizeof *endings, by_state);
    for (int i = 1; i < BLOCKS; i++) {
        if (endings[i].state != endings[i - 1].state)
            continue;
        block_of(endings[i - 1].block, pair[0]);
        block_of(endings[i].block, pair[1]);
        return endings[i].state;
    }
    ck_abort_msg("no two blocks collide");
    return 0;
}

/* Text `number` of those that collide; which block of each pair it has is in its bits. */
static void text_of(int number, char *into)
{
    for (int i = 0; i < PAIRS; i++)
        memcpy(into + (size_t)i * BLOCK, pairs[i][number >> i & 1], BLOCK);
}

static void find_pairs(void)
{
    uint32_t state = UINT32_C(2166136261) & (ROWS - 1);

    for (int i = 0; i < PAIRS; i++)
        state = find_pair(state, pairs[i]);
}

static void setup_wide(void)
{
    struct rig_setup wide = rig_setup_ample();

    wide.limits.tasks = 131072;
    wide.limits.functions = 65536;
    wide.tasks =
        (struct pmad_layout){.pool_size = 48 << 20, .class_count = 1, .classes = {{320, 100}}};
    setup();
    rig_replace(&wide);
    find_pairs();
}

START_TEST(the_texts_do_collide_without_a_key)
{
    uint32_t first = 0;

    for (int i = 0; i < TEXTS; i++) {
        char text[TEXT_MAX];
        uint32_t state = UINT32_C(2166136261) & (ROWS - 1);

        text_of(i, text);
        for (int k = 0; k < TEXT_MAX; k++)
            state = step(state, (uint8_t)text[k]);
        if (i == 0)
            first = state;
        ck_assert_uint_eq(state, first);
    }
}
END_TEST

/* With two in a bucket on average, 20 in one of 65,536 have a chance of one in a million. */
START_TEST(unique_ids_that_collide_without_a_key_are_spread)
{
    const struct table *buckets = &rig.router->uniques.buckets;
    struct remote *client = remote_new(&rig);
    size_t longest = 0, all = 0;

    for (int i = 0; i < TEXTS; i++) {
        char text[TEXT_MAX];

        text_of(i, text);
        post(client, "SUBMIT_JOB_BG f|%.*s|x", TEXT_MAX, text);
        if (i % 1000 == 999) {
            rig_turn(&rig);
            ck_assert_uint_eq(hear_out(client), 1000);
        }
    }
    ck_assert_uint_eq(rig_counts(&rig).queued, TEXTS);
    for (size_t i = 0; i < buckets->count; i++) {
        struct task *const *bucket = table_at(buckets, i);
        size_t length = 0;

        for (const struct task *task = *bucket; task != NULL; task = task->unique_next)
            length++;
        longest = length > longest ? length : longest;
        all += length;
    }
    ck_assert_uint_eq(all, TEXTS);
    ck_assert_uint_le(longest, 20);
}
END_TEST

START_TEST(function_names_that_collide_without_a_key_are_spread)
{
    const struct functions *functions = &rig.router->functions;
    struct remote *client = remote_new(&rig);
    size_t longest = 0;

    for (int i = 0; i < 60000; i++) {
        char text[TEXT_MAX];

        text_of(i, text);
        post(client, "SUBMIT_JOB_BG %.*s||x", TEXT_MAX, text);
        if (i % 1000 == 999) {
            rig_turn(&rig);
            ck_assert_uint_eq(hear_out(client), 1000);
        }
    }
    ck_assert_uint_eq(functions->used, 60000);
    for (size_t i = 0; i < functions->buckets.count; i++) {
        struct function *const *bucket = table_at(&functions->buckets, i);
        size_t length = 0;

        for (const struct function *function = *bucket; function; function = function->next)
            length++;
        longest = length > longest ? length : longest;
    }
    ck_assert_uint_le(longest, 16);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("router_collisions");
    TCase *cases = tcase_create("collisions");

    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, setup_wide, teardown);
    tcase_add_test(cases, the_texts_do_collide_without_a_key);
    tcase_add_test(cases, unique_ids_that_collide_without_a_key_are_spread);
    tcase_add_test(cases, function_names_that_collide_without_a_key_are_spread);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return suite_run(suite());
}
