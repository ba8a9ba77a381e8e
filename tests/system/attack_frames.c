/*
 * Frames that are none. The dice choose what is wrong with each, and over which of a few connections
 * it goes. None of them can become a task that outlives its connection.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attack.h"
#include "gm_frame.h"

enum {
    CONNECTIONS = 8,
    BODY_MAX = 512,      /* bytes of a malformed frame behind its header */
    CHUNK_MAX = 1 << 12, /* bytes of noise at once */
    FRAME_MAX = 1 << 13  /* that some of them announce */
};

/* One frame as it will be sent; `announced` need not be `size`. */
struct wrong {
    uint32_t magic, type, announced;
    uint8_t body[BODY_MAX];
    size_t size;
    bool framing_is_lost; /* what follows would only be skipped: it needs a connection of its own */
};

enum { MAGIC_REQ = 0x00524551, MAGIC_RES = 0x00524553 };

static void put(uint8_t *at, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* `text` may have NULs; its last byte is the end of the frame. */
static void say(struct wrong *wrong, uint32_t type, const char *text, size_t size)
{
    wrong->type = type;
    memcpy(wrong->body, text, size);
    wrong->size = size;
    wrong->announced = (uint32_t)size;
}

#define SAY(wrong, type, text) say(wrong, type, text, sizeof(text) - 1)

/* ---- what can be wrong ---- */

static void bad_magic(struct wrong *wrong, struct dice *dice)
{
    SAY(wrong, GM_ECHO_REQ, "hello");
    wrong->magic ^= 1u << dice_below(dice, 24); /* the first byte stays 0: it is a frame */
    wrong->framing_is_lost = true;
}

static void an_answer(struct wrong *wrong, struct dice *dice)
{
    SAY(wrong, (uint32_t)dice_below(dice, GM_TYPES), "an\0answer\0of\0some\0kind");
    wrong->magic = MAGIC_RES;
}

static void unknown_type(struct wrong *wrong, struct dice *dice)
{
    SAY(wrong, GM_TYPES + (uint32_t)dice_below(dice, 1u << 20), "what is this\0?");
}

static void top_bit(struct wrong *wrong, struct dice *dice)
{
    wrong->type = 0x80000000u | (uint32_t)dice_roll(dice);
}

static void from_server(struct wrong *wrong, struct dice *dice)
{
    static const uint32_t types[] = {GM_NOOP,       GM_JOB_CREATED, GM_NO_JOB,
                                     GM_JOB_ASSIGN, GM_ECHO_RES,    GM_ERROR,
                                     GM_STATUS_RES, GM_OPTION_RES,  GM_JOB_ASSIGN_ALL,
                                     GM_UNUSED_5,   GM_ALL_YOURS,   GM_SUBMIT_JOB_SCHED};

    SAY(wrong, types[dice_below(dice, sizeof types / sizeof *types)], "H:x:1\0f\0data");
}

static void no_separator(struct wrong *wrong, struct dice *dice)
{
    SAY(wrong, dice_below(dice, 2) ? GM_SUBMIT_JOB : GM_SUBMIT_REDUCE_JOB, "nothing ends it");
}

static void name_too_long(struct wrong *wrong, struct dice *dice)
{
    memset(wrong->body, 'n', BODY_MAX);
    wrong->type = dice_below(dice, 2) ? GM_SUBMIT_JOB : GM_CAN_DO;
    wrong->size = wrong->announced = BODY_MAX;
}

static void unique_too_long(struct wrong *wrong, struct dice *dice)
{
    size_t size = GM_UNIQUE_MAX + 1 + dice_below(dice, 64);

    SAY(wrong, GM_SUBMIT_JOB, "f");
    wrong->body[1] = 0;
    memset(wrong->body + 2, 'u', size);
    wrong->body[2 + size] = 0;
    wrong->size = wrong->announced = (uint32_t)size + 3;
}

static void foreign_handle(struct wrong *wrong, struct dice *dice)
{
    static const uint32_t types[] = {GM_WORK_COMPLETE, GM_WORK_FAIL,    GM_WORK_DATA,
                                     GM_WORK_STATUS,   GM_WORK_WARNING, GM_WORK_EXCEPTION};

    SAY(wrong, types[dice_below(dice, 6)],
        "H:somewhere:123456789012345678901\0"
        "1\0"
        "2");
}

static void bad_epoch(struct wrong *wrong, struct dice *dice)
{
    (void)dice;
    SAY(wrong, GM_SUBMIT_JOB_EPOCH,
        "f\0\0"
        "99999999999999999999999999\0data");
}

static void too_much_announced(struct wrong *wrong, struct dice *dice)
{
    static const uint32_t types[] = {GM_SUBMIT_JOB, GM_ECHO_REQ, GM_CAN_DO, GM_WORK_COMPLETE};

    SAY(wrong, types[dice_below(dice, 4)], "f\0\0and so on");
    wrong->announced = 0xFFFFFFFFu - (uint32_t)dice_below(dice, 1u << 30);
    wrong->framing_is_lost = true;
}

static void too_little_announced(struct wrong *wrong, struct dice *dice)
{
    SAY(wrong, GM_SUBMIT_JOB, "function\0unique\0data");
    wrong->announced = (uint32_t)dice_below(dice, 15);
    wrong->framing_is_lost = true;
}

/* No flip of a single bit makes a submission in the background of it. */
static void one_bit(struct wrong *wrong, struct dice *dice)
{
    uint32_t *const words[] = {&wrong->magic, &wrong->type, &wrong->announced};

    SAY(wrong, GM_SUBMIT_JOB, "f\0\0some data");
    *words[dice_below(dice, 3)] ^= 1u << dice_below(dice, 32);
    wrong->framing_is_lost = true;
}

static void odd_option(struct wrong *wrong, struct dice *dice)
{
    if (dice_below(dice, 2))
        SAY(wrong, GM_OPTION_REQ, "make tea");
    else
        SAY(wrong, GM_CAN_DO_TIMEOUT, "f");
}

static void (*const kinds[])(struct wrong *, struct dice *) = {
    bad_magic,      an_answer,    unknown_type,       top_bit,
    from_server,    no_separator, name_too_long,      unique_too_long,
    foreign_handle, bad_epoch,    too_much_announced, too_little_announced,
    one_bit,        odd_option,
};

static bool send_wrong(int fd, struct dice *dice)
{
    struct wrong wrong = {.magic = MAGIC_REQ};
    uint8_t bytes[GM_HEADER_SIZE + BODY_MAX];

    kinds[dice_below(dice, sizeof kinds / sizeof *kinds)](&wrong, dice);
    put(bytes, wrong.magic);
    put(bytes + 4, wrong.type);
    put(bytes + 8, wrong.announced);
    memcpy(bytes + GM_HEADER_SIZE, wrong.body, wrong.size);
    return attack_send(fd, bytes, GM_HEADER_SIZE + wrong.size) && !wrong.framing_is_lost;
}

/* ---- a few connections ---- */

/* Ends a connection when the daemon has read all that was sent to it. */
static void end(int fd)
{
    (void)shutdown(fd, SHUT_WR);
    while (attack_drain(fd))
        attack_wait(fd, POLLIN);
    close(fd);
}

struct few {
    const char *path;
    int fds[CONNECTIONS];
};

static void few_open(struct few *few, const char *path)
{
    few->path = path;
    for (size_t i = 0; i < CONNECTIONS; i++)
        few->fds[i] = attack_connect(path);
}

static void few_again(struct few *few, size_t i)
{
    end(few->fds[i]);
    few->fds[i] = attack_connect(few->path);
}

static void few_close(struct few *few)
{
    for (size_t i = 0; i < CONNECTIONS; i++)
        end(few->fds[i]);
}

void attack_malformed(const char *path, uint64_t seed, size_t count)
{
    struct dice dice = {seed};
    struct few few;

    few_open(&few, path);
    for (size_t i = 0; i < count; i++) {
        size_t which = dice_below(&dice, CONNECTIONS);

        if (!send_wrong(few.fds[which], &dice))
            few_again(&few, which);
    }
    few_close(&few);
}

/* The type of a packet that leaves nothing behind when its connection has gone. */
static uint32_t passing_type(struct dice *dice)
{
    static const bool outlives[GM_TYPES] = {
        [GM_SUBMIT_JOB_BG] = true,
        [GM_SUBMIT_JOB_HIGH_BG] = true,
        [GM_SUBMIT_JOB_LOW_BG] = true,
        [GM_SUBMIT_JOB_EPOCH] = true,
        [GM_SUBMIT_REDUCE_JOB_BACKGROUND] = true,
    };
    uint32_t type;

    do
        type = (uint32_t)dice_below(dice, GM_TYPES);
    while (outlives[type]);
    return type;
}

/* Random bytes; half of the pieces begin like a frame of a few thousand bytes, so that something looks
 * into them and nothing skips them for ever. */
void attack_noise(const char *path, uint64_t seed, size_t count)
{
    struct dice dice = {seed};
    uint8_t bytes[CHUNK_MAX];
    struct few few;

    few_open(&few, path);
    while (count > 0) {
        size_t which = dice_below(&dice, CONNECTIONS);
        size_t size = 1 + dice_below(&dice, count < CHUNK_MAX ? count : CHUNK_MAX);

        dice_fill(&dice, bytes, size);
        if (size > GM_HEADER_SIZE && dice_below(&dice, 2)) {
            put(bytes, MAGIC_REQ);
            put(bytes + 4, passing_type(&dice));
            put(bytes + 8, (uint32_t)dice_below(&dice, FRAME_MAX));
        }
        if (!attack_send(few.fds[which], bytes, size))
            few_again(&few, which);
        count -= size;
    }
    few_close(&few);
}
