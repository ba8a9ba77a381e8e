#include "admin.h"

#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "change.h"
#include "deadline.h"
#include "decimal.h"
#include "gm_line.h"
#include "listing.h"
#include "outbox.h"
#include "pmad_must.h"
#include "reload.h"
#include "rights.h"
#include "router_state.h"

/* ---- answers of one line ---- */

/* What a line is answered; where there is something behind, the first word of the line stands
 * between. */
static const struct {
    const char *ahead, *behind;
} replies[] = {
    [REPLY_OK] = {"OK", NULL},
    [REPLY_UNKNOWN_COMMAND] = {"ERR UNKNOWN_COMMAND Unknown+server+command", ""},
    [REPLY_INCOMPLETE] = {"ERR INVALID_ARGUMENTS "
                          "An+incomplete+set+of+arguments+was+sent+to+this+command+",
                          ""},
    [REPLY_NO_SHOW] = {"ERR UNKNOWN_SHOW_ARGUMENTS", NULL},
    [REPLY_UNKNOWN_ERROR] = {"ERR UNKNOWN_ERROR", NULL},
    [REPLY_UNKNOWN_JOB] = {"ERR UNKNOWN_JOB", NULL},
    [REPLY_NO_FUNCTION] = {"ERR function not found", NULL},
    [REPLY_IN_USE] = {"ERR there are still connected workers or executing clients", NULL},
    [REPLY_RESERVED] = {"ERR there is room reserved for it", NULL},
    [REPLY_BAD_NAME] = {"ERR INVALID_ARGUMENTS Function+name+too+long+or+with+a+NUL", NULL},
    [REPLY_BAD_LIMITS] = {"ERR INVALID_ARGUMENTS maxqueue+takes+no+number,+one+or+three", NULL},
    [REPLY_BAD_COUNT] = {"ERR INVALID_ARGUMENTS peek+takes+a+number+from+1+to+100", NULL},
    [REPLY_NO_ROOM] = {"ERR QUEUE_ERROR Too+many+functions", NULL},
    [REPLY_TOO_LONG] = {"ERR INVALID_ARGUMENTS Line+too+long", NULL},
    [REPLY_NOT_OBSERVED] = {"ERR ACCESS_DENIED ", "+needs+the+right+observe"},
    [REPLY_NOT_ADMINISTERED] = {"ERR ACCESS_DENIED ", "+needs+the+right+admin"},
    [REPLY_NOT_THIS_FUNCTION] = {"ERR ACCESS_DENIED no+right+to+administer+that+function", NULL},
};

enum {
    WORD_SHOWN = 128, /* bytes of a word that are repeated in an answer */
    REPLY_BARE = 96,  /* bytes of an answer that repeats none, at most */
    REPLY_MAX = REPLY_BARE + WORD_SHOWN
};

static size_t append(uint8_t *into, size_t at, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(into + at, bytes, size);
    return at + size;
}

/* Writes an answer, REPLY_MAX bytes at most, and returns its size. */
static size_t reply_format(uint8_t *into, enum reply reply, struct gm_slice word)
{
    const char *ahead = replies[reply].ahead;
    const char *behind = replies[reply].behind;
    size_t size = append(into, 0, ahead, strlen(ahead));

    if (behind) {
        size = append(into, size, word.bytes, word.size < WORD_SHOWN ? word.size : WORD_SHOWN);
        size = append(into, size, behind, strlen(behind));
    }
    return append(into, size, "\r\n", 2);
}

/* One line of text. False: the peer is halted. */
static bool say(struct peer *peer, const void *text, size_t size)
{
    struct out *out = answer_take(peer, size);

    if (!out)
        return false;
    memcpy(out_bytes(out), text, size);
    outbox_answer(peer, out, size, (struct body){0});
    return true;
}

static bool say_reply(struct peer *peer, enum reply reply, struct gm_slice word)
{
    uint8_t text[REPLY_MAX];

    return say(peer, text, reply_format(text, reply, word));
}

/* ---- questions ---- */

enum { TOLD_MAX = VERSION_MAX + 8 };

/* Writes the line that answers, TOLD_MAX bytes with its NUL at most, and returns its size. */
typedef int question(const struct router_about *about, char *into);

static int tell_version(const struct router_about *about, char *into)
{
    return snprintf(into, TOLD_MAX, "OK %s\n", about->version);
}

static int tell_pid(const struct router_about *about, char *into)
{
    return snprintf(into, TOLD_MAX, "OK %ld\n", about->pid);
}

static int tell_verbosity(const struct router_about *about, char *into)
{
    return snprintf(into, TOLD_MAX, "OK %s\n", about->verbosity);
}

/* ---- peek FUNCTION [TASKS] ---- */

/* A function that the peer may not look at is none. False: the peer is halted. */
static bool peek(struct peer *peer, const struct gm_slice *args, size_t count)
{
    enum { PEEK_USUAL = 10 };
    const struct function *function = function_find(&peer->router->functions, args[0]);
    uint64_t most = PEEK_USUAL;

    if (count > 1 && (!decimal_read(args[1], &most) || most < 1 || most > LISTING_PEEK_MAX))
        return say_reply(peer, REPLY_BAD_COUNT, (struct gm_slice){0});
    if (!function || !peer_may_to(peer, RIGHT_OBSERVE, function))
        return say_reply(peer, REPLY_NO_FUNCTION, (struct gm_slice){0});
    listing_peek(peer, function, (uint8_t)most);
    return true;
}

/* ---- the table ---- */

enum { COMMAND_WORDS = 3, ANY = GM_WORDS_MAX };

struct command {
    const char *words[COMMAND_WORDS + 1]; /* up to a NULL */
    enum peer_right right;
    uint8_t least, most; /* arguments behind the words */
    uint8_t wrong_from;  /* a line of so many words that begins with the first and is no command */
    enum reply wrong;    /* is answered this; one of fewer words is an unknown command */
    /* what it does, one of these */
    enum listing_kind list;
    question *tell;
    change *change;
    bool (*ask)(struct peer *peer); /* the driver, by who administers every function */
    bool (*look)(struct peer *peer, const struct gm_slice *args, size_t count);
};

static const struct command commands[] = {
    {{"version"}, RIGHT_OBSERVE, 0, ANY, .tell = tell_version},
    {{"getpid"}, RIGHT_OBSERVE, 0, ANY, .tell = tell_pid},
    {{"verbose"}, RIGHT_OBSERVE, 0, ANY, .tell = tell_verbosity},
    {{"status"}, RIGHT_OBSERVE, 0, ANY, .list = LISTING_STATUS},
    {{"prioritystatus"}, RIGHT_OBSERVE, 0, ANY, .list = LISTING_PRIORITIES},
    {{"workers"}, RIGHT_OBSERVE, 0, ANY, .list = LISTING_WORKERS},
    {{"pools"}, RIGHT_OBSERVE, 0, ANY, .list = LISTING_POOLS},
    {{"stats"}, RIGHT_OBSERVE, 0, ANY, .list = LISTING_STATS},
    {{"functions"}, RIGHT_OBSERVE, 0, ANY, .list = LISTING_FUNCTIONS},
    {{"histograms"}, RIGHT_OBSERVE, 0, ANY, .list = LISTING_HISTOGRAMS},
    {{"show", "jobs"}, RIGHT_OBSERVE, 0, 0, 2, REPLY_NO_SHOW, .list = LISTING_JOBS},
    {{"show", "unique", "jobs"}, RIGHT_OBSERVE, 0, 0, 2, REPLY_NO_SHOW, .list = LISTING_UNIQUES},
    {{"maxqueue"}, RIGHT_ADMIN, 1, ANY, 1, REPLY_INCOMPLETE, .change = change_max_queue},
    {{"create", "function"}, RIGHT_ADMIN, 1, 1, 1, REPLY_INCOMPLETE, .change = change_create},
    {{"drop", "function"}, RIGHT_ADMIN, 1, 1, 1, REPLY_INCOMPLETE, .change = change_drop},
    {{"pause", "function"}, RIGHT_ADMIN, 1, 1, 1, REPLY_INCOMPLETE, .change = change_pause},
    {{"drain", "function"}, RIGHT_ADMIN, 1, 1, 1, REPLY_INCOMPLETE, .change = change_drain},
    {{"resume", "function"}, RIGHT_ADMIN, 1, 1, 1, REPLY_INCOMPLETE, .change = change_resume},
    {{"cancel", "job"}, RIGHT_ADMIN, 1, 1, 3, REPLY_UNKNOWN_ERROR, .change = change_cancel},
    {{"reload"}, RIGHT_ADMIN, 0, ANY, .ask = reload_ask},
    {{"peek"}, RIGHT_OBSERVE, 1, 2, 1, REPLY_INCOMPLETE, .look = peek},
};

/* How many words the command has, if the line begins with them; else 0. */
static size_t words_of(const struct command *command, const struct gm_line *line)
{
    size_t count = 0;

    for (; command->words[count]; count++)
        if (count == line->word_count || !gm_word_is(line->words[count], command->words[count]))
            return 0;
    return count;
}

/* Does the command with the arguments behind its words. False: the peer is halted, and nothing has
 * happened. */
static bool command_do(struct peer *peer, const struct command *command,
                       const struct gm_slice *args, size_t count)
{
    char told[TOLD_MAX];
    struct out *out;
    enum reply reply;

    if (command->tell)
        return say(peer, told, (size_t)command->tell(&peer->router->about, told));
    if (command->ask)
        return command->ask(peer);
    if (command->look)
        return command->look(peer, args, count);
    if (command->list != LISTING_NONE) {
        listing_begin(peer, command->list);
        return true;
    }
    out = answer_take(peer, REPLY_BARE);
    if (!out)
        return false;
    reply = command->change(peer, args, count);
    if (reply == REPLY_NOT_THIS_FUNCTION)
        peer_denied(peer, command->words[0]);
    MUST(!replies[reply].behind);
    outbox_answer(peer, out, reply_format(out_bytes(out), reply, (struct gm_slice){0}),
                  (struct body){0});
    return true;
}

/* False: the peer is halted. */
static bool command_deny(struct peer *peer, const struct command *command, struct gm_slice first)
{
    bool administers = command->right == RIGHT_ADMIN;

    if (!say_reply(peer, administers ? REPLY_NOT_ADMINISTERED : REPLY_NOT_OBSERVED, first))
        return false;
    peer_denied(peer, command->words[0]);
    return true;
}

static bool is_allowed(const struct peer *peer, const struct command *command)
{
    return command->ask ? peer->rights & command->right : peer_may(peer, command->right);
}

/* What a line that is no command is answered. */
static enum reply complaint(const struct gm_line *line)
{
    for (size_t i = 0; line->word_count > 0 && i < sizeof commands / sizeof *commands; i++)
        if (gm_word_is(line->words[0], commands[i].words[0]) &&
            line->word_count >= commands[i].wrong_from)
            return commands[i].wrong;
    return REPLY_UNKNOWN_COMMAND;
}

/* False: the peer is halted, and the line has had no effect. */
static bool line_do(struct peer *peer, const struct gm_line *line)
{
    struct gm_slice first = line->word_count > 0 ? line->words[0] : (struct gm_slice){0};

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *command = &commands[i];
        size_t words = words_of(command, line);
        size_t args = line->word_count - words;

        if (words == 0 || args < command->least || args > command->most)
            continue;
        if (!is_allowed(peer, command))
            return command_deny(peer, command, first);
        return command_do(peer, command, line->words + words, args);
    }
    return say_reply(peer, complaint(line), first);
}

size_t admin_line(struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct gm_line line;

    switch (gm_line_decode(&line, bytes, size, peer->router->limits.text_line_max)) {
    case GM_LINE_NEED_MORE:
        return 0;
    case GM_LINE_TOO_LONG:
        if (!say_reply(peer, REPLY_TOO_LONG, (struct gm_slice){0}))
            return 0;
        peer_end(peer);
        return size;
    case GM_LINE:
        break;
    }
    return line_do(peer, &line) ? line.line_size : 0;
}
