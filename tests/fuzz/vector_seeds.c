/*
 * vector_seeds VECTORS DIRECTORY: makes seeds for the fuzzers out of the wire vectors: for fuzz_gm_frame
 * every frame, for fuzz_gm_line every line, for fuzz_router and fuzz_admin every conversation. Those for
 * fuzz_NAME are in DIRECTORY/NAME.
 */
#define _POSIX_C_SOURCE 200809L /* NOLINT(readability-identifier-naming): the name is POSIX's */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "router_input.h"
#include "stage.h"
#include "talk.h"
#include "vector.h"

static const char handle[] = "H:box:1"; /* where a frame by itself needs one */

static const char *const fuzzers[] = {"gm_frame", "gm_line", "admin", "router"};

static size_t seeds;

static void directory_make(const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        driver_failed(text("%s cannot be made", path));
}

/* Writes one seed and empties `bytes`. */
static void seed_write(const char *directory, const char *fuzzer, struct bytes *bytes)
{
    const char *path = text("%s/%s/vector-%04zu", directory, fuzzer, ++seeds);
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(bytes->at, 1, bytes->size, file) != bytes->size || fclose(file) != 0)
        driver_failed(text("%s cannot be written", path));
    bytes_free(bytes);
}

static void byte_add(struct bytes *into, size_t byte)
{
    uint8_t narrow = (uint8_t)byte;

    bytes_add(into, &narrow, 1);
}

/* fuzz_gm_frame and fuzz_gm_line: a bound of 4096 bytes in two bytes, a cut in the third, then what
 * was sent or heard. */
static void message_seed(const struct bytes *message, size_t cut, const char *directory)
{
    struct bytes seed = {0};

    byte_add(&seed, 16);
    byte_add(&seed, 0);
    byte_add(&seed, cut);
    bytes_add(&seed, message->at, message->size);
    seed_write(directory, message->at[0] == 0 ? "gm_frame" : "gm_line", &seed);
}

/* fuzz_admin: setup, piece, then all that is sent; a conversation without a line is none for it. */
static void admin_seed(const struct bytes *sent, bool has_line, const char *directory)
{
    struct bytes seed = {0};

    if (!has_line)
        return;
    byte_add(&seed, 0);
    byte_add(&seed, 0);
    bytes_add(&seed, sent->at, sent->size);
    seed_write(directory, "admin", &seed);
}

static void message_seeds(const struct vector *vector, const char *directory)
{
    struct vector_values values = {0};
    struct bytes sent = {0};
    bool has_line = false;

    vector_values_fill(vector, &values, handle);
    for (size_t i = 0; i < vector->step_count; i++) {
        const struct vector_step *step = &vector->steps[i];
        struct bytes message = {0};

        if (step->verb > VECTOR_FINDS)
            continue;
        vector_step_bytes(step, &values, &message);
        if (message.size > 0)
            message_seed(&message, i % 32, directory);
        if (step->verb == VECTOR_SENDS && message.size > 0) {
            has_line = has_line || message.at[0] != 0;
            bytes_add(&sent, message.at, message.size);
        }
        bytes_free(&message);
    }
    admin_seed(&sent, has_line, directory);
    bytes_free(&sent);
}

/* Where the value goes that the step needs; SIZE_MAX when it needs none. */
static size_t hole_of(const struct vector_wire *wire)
{
    for (size_t i = 0; i < wire->hole_count; i++)
        if (!wire->holes[i].counts)
            return wire->holes[i].at;
    return SIZE_MAX;
}

static void act_add(struct bytes *seed, enum router_act act, const struct vector_step *step)
{
    byte_add(seed, act * (size_t)STAGE_PLACES + step->peer);
}

/* What a peer sends becomes one act, or some where it is longer than a run can be. */
static void send_add(struct bytes *seed, const struct vector_step *step)
{
    const struct bytes *bytes = &step->wire.bytes;
    size_t hole = hole_of(&step->wire);

    if (hole != SIZE_MAX) {
        driver_expect(bytes->size <= ROUTER_RUN_MAX, "a step with a value is longer than a run");
        act_add(seed, ACT_TOLD, step);
        byte_add(seed, hole);
        byte_add(seed, bytes->size);
        bytes_add(seed, bytes->at, bytes->size);
        return;
    }
    for (size_t done = 0, size; done < bytes->size; done += size) {
        size = bytes->size - done < ROUTER_RUN_MAX ? bytes->size - done : ROUTER_RUN_MAX;
        act_add(seed, ACT_SEND, step);
        byte_add(seed, size);
        bytes_add(seed, bytes->at + done, size);
    }
}

static void router_seed(const struct vector *vector, const char *directory)
{
    struct bytes seed = {0};

    byte_add(&seed, 0); /* the setup, in which nothing is scarce */
    for (size_t i = 0; i < vector->step_count; i++) {
        if (vector->steps[i].verb == VECTOR_SENDS)
            send_add(&seed, &vector->steps[i]);
        else if (vector->steps[i].verb == VECTOR_LEAVES)
            act_add(&seed, ACT_LEAVE, &vector->steps[i]);
    }
    seed_write(directory, "router", &seed);
}

int main(int count, char **arguments)
{
    struct vectors vectors;

    if (count != 3) {
        (void)fputs("usage: vector_seeds VECTORS DIRECTORY\n", stderr);
        return EXIT_FAILURE;
    }
    vectors_read(&vectors, arguments[1]);
    directory_make(arguments[2]);
    for (size_t i = 0; i < sizeof fuzzers / sizeof *fuzzers; i++)
        directory_make(text("%s/%s", arguments[2], fuzzers[i]));
    for (size_t i = 0; i < vectors.count; i++) {
        message_seeds(&vectors.at[i], arguments[2]);
        router_seed(&vectors.at[i], arguments[2]);
    }
    vectors_free(&vectors);
    printf("%zu seeds\n", seeds);
    return EXIT_SUCCESS;
}
