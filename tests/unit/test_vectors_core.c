/* The core and the wire vectors of tests/vectors: every conversation in them, with bytes that come all
 * at once, one by one, or in odd pieces. */
#include "router_fixture.h"

#include "vector.h"

static struct vectors vectors;

static const size_t pieces[] = {RIG_ALL, 1, 7};

enum { PIECES = sizeof pieces / sizeof *pieces };

/* One vector on its way. */
struct play {
    const struct vector *vector;
    struct vector_values values;
    struct remote *remotes[VECTOR_PEERS];
};

/* A message as it was heard, its LF included. */
static struct bytes message_of(struct remote *remote)
{
    struct heard_frame frame;
    struct bytes message = {0};

    if (hear_frame(remote, &frame)) {
        const uint8_t *begin = frame.is_line ? frame.bytes : frame.bytes - GM_HEADER_SIZE;

        bytes_add(&message, begin, remote->looked_at);
    }
    return message;
}

static void fail_at(const struct play *play, const struct vector_step *step,
                    const struct bytes *heard)
{
    char shown[512] = "nothing";
    size_t at = 0;

    for (size_t i = 0; i < heard->size && at + 8 < sizeof shown; i++) {
        bool plain = heard->at[i] >= ' ' && heard->at[i] < 0x7f;

        at +=
            (size_t)snprintf(shown + at, sizeof shown - at, plain ? "%c" : "\\x%02x", heard->at[i]);
    }
    ck_abort_msg("%s:%u: %s: %s: heard %s", play->vector->file, step->line, play->vector->name,
                 play->vector->peers[step->peer], shown);
}

/* What ends a search for a line: a frame, the end of a listing, an error, nothing more. */
static bool ends_listing(const struct bytes *message)
{
    return message->size == 0 || message->at[0] == 0 ||
           (message->size == 2 && message->at[0] == '.') ||
           (message->size > 4 && memcmp(message->at, "ERR ", 4) == 0);
}

static void step_hear(struct play *play, const struct vector_step *step, struct remote *remote)
{
    bool is;

    do {
        struct bytes message = message_of(remote);

        is = vector_step_is(step, &play->values, message.at, message.size);
        if (!is && (step->verb == VECTOR_HEARS || ends_listing(&message)))
            fail_at(play, step, &message);
        bytes_free(&message);
    } while (!is);
}

static void step_expect_silence(const struct play *play, const struct vector_step *step,
                                struct remote *remote)
{
    struct bytes message = message_of(remote);

    if (message.size > 0)
        fail_at(play, step, &message);
}

static void step_play(struct play *play, const struct vector_step *step)
{
    struct remote *remote = play->remotes[step->peer];
    struct bytes bytes = {0};

    switch (step->verb) {
    case VECTOR_SENDS:
        vector_step_bytes(step, &play->values, &bytes);
        remote_post(remote, bytes.at, bytes.size);
        bytes_free(&bytes);
        break;
    case VECTOR_HEARS:
    case VECTOR_FINDS:
        step_hear(play, step, remote);
        break;
    case VECTOR_LEAVES:
        remote_leave(remote);
        break;
    case VECTOR_CLOSED:
        step_expect_silence(play, step, remote);
        ck_assert_msg(remote->seat == NULL, "%s:%u: %s: not closed", play->vector->file, step->line,
                      play->vector->name);
        break;
    case VECTOR_NOTHING:
        step_expect_silence(play, step, remote);
        break;
    }
    rig_turn(&rig);
}

/* Plays one, to the end: nobody hears more than the vector says, and when all have left nothing of it
 * is left. */
static void vector_play(const struct vector *vector, size_t piece)
{
    const size_t peers = vector->peer_count;
    struct play play = {.vector = vector};

    for (size_t i = 0; i < peers; i++) {
        play.remotes[i] = remote_new(&rig);
        play.remotes[i]->piece = piece;
    }
    for (size_t i = 0; i < vector->step_count; i++)
        step_play(&play, &vector->steps[i]);
    for (size_t i = 0; i < peers; i++)
        step_expect_silence(&play, &vector->steps[vector->step_count - 1], play.remotes[i]);
    rig_check(&rig);
    for (size_t i = 0; i < peers; i++)
        remote_free(play.remotes[i]);
    rig_turn(&rig);
    ck_assert_msg(router_is_empty(rig.router), "%s:%u: %s: tasks are left", vector->file,
                  vector->line, vector->name);
}

START_TEST(a_vector_holds_in_pieces_of_any_size)
{
    for (size_t i = 0; i < PIECES; i++)
        vector_play(&vectors.at[_i], pieces[i]);
}
END_TEST

/* What a conversation leaves behind would be met by those after it; and the pools are as they were at
 * the end (rig_finish). */
START_TEST(all_vectors_hold_one_after_the_other)
{
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < vectors.count; i++)
            vector_play(&vectors.at[i], pieces[(round + i) % PIECES]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vectors_core");
    TCase *single = tcase_create("single");
    TCase *together = tcase_create("together");
    int status;

    vectors_read(&vectors, VECTORS);
    tcase_add_checked_fixture(single, setup, teardown);
    tcase_add_loop_test(single, a_vector_holds_in_pieces_of_any_size, 0, (int)vectors.count);
    suite_add_tcase(suite, single);
    tcase_add_checked_fixture(together, setup, teardown);
    tcase_add_test(together, all_vectors_hold_one_after_the_other);
    suite_add_tcase(suite, together);
    status = suite_run(suite);
    vectors_free(&vectors);
    return status;
}
