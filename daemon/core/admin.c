#include "admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "deadline.h"
#include "gm_line.h"
#include "halt.h"
#include "outbox.h"
#include "pmad_must.h"
#include "router_state.h"
#include "wire.h"
#include "worker.h"

/* ---- text into a body ---- */

/* Counts the bytes of a text or, once there is a body, writes them. */
struct text {
    struct body_cursor cursor;
    bool writes;
    size_t size;
};

static void add_bytes(struct text *text, const void *bytes, size_t size)
{
    if (text->writes && size > 0)
        body_write(&text->cursor, bytes, size);
    text->size += size;
}

static void add(struct text *text, const char *string)
{
    add_bytes(text, string, strlen(string));
}

/* A name, in which a line feed must not end the row. */
static void add_name(struct text *text, const struct function *function)
{
    const uint8_t *at = function->name;
    const uint8_t *end = at + function->name_size;

    while (at < end) {
        const uint8_t *feed = memchr(at, '\n', (size_t)(end - at));

        add_bytes(text, at, (size_t)((feed ? feed : end) - at));
        if (feed)
            add(text, "?");
        at = feed ? feed + 1 : end;
    }
}

static void add_number(struct text *text, uint64_t number, const char *behind)
{
    char digits[24];

    (void)snprintf(digits, sizeof digits, "%" PRIu64, number);
    add(text, digits);
    add(text, behind);
}

/* ---- rows ---- */

/* FUNCTION TAB TOTAL TAB RUNNING TAB WORKERS */
static void row_status(const struct router *router, size_t index, struct text *text)
{
    const struct function *function = function_at(&router->functions, index);

    if (!function)
        return;
    add_name(text, function);
    add(text, "\t");
    add_number(text, function->queued + function->running, "\t");
    add_number(text, function->running, "\t");
    add_number(text, function->able_count, "\n");
}

/* FD IP ID : F1 F2 */
static void row_workers(const struct router *router, size_t index, struct text *text)
{
    const struct peer_slot *slot = table_at(&router->peers, index);
    const struct registration *registration;

    if (!slot->peer)
        return;
    add_number(text, (uint64_t)slot->peer->number, " ");
    add(text, slot->peer->address);
    add(text, " ");
    add(text, slot->peer->id);
    add(text, " :");
    TAILQ_FOREACH (registration, &slot->peer->registrations, in_peer) {
        add(text, " ");
        add_name(text, registration->function);
    }
    add(text, "\n");
}

/* POOL TAB CLASS TAB BLOCKS TAB USED TAB HIGH-WATER TAB REFUSED */
static void row_pools(const struct router *router, size_t index, struct text *text)
{
    static const char *const names[] = {"tasks", "wire", "workers", "runtime"};
    size_t pool = index / PMAD_CLASSES_MAX;
    struct pmad_stats stats;
    const struct pmad_class_stats *class;

    pmad_stats(router->pools[pool], &stats);
    if (index % PMAD_CLASSES_MAX >= stats.class_count)
        return;
    class = &stats.classes[index % PMAD_CLASSES_MAX];
    add(text, names[pool]);
    add(text, "\t");
    add_number(text, class->block_size, "\t");
    add_number(text, class->blocks, "\t");
    add_number(text, class->in_use, "\t");
    add_number(text, class->high_water, "\t");
    add_number(text, class->refused, "\n");
}

/* ---- listings ---- */

enum listing_kind { LISTING_NONE, LISTING_STATUS, LISTING_WORKERS, LISTING_POOLS };

typedef void row_writer(const struct router *router, size_t index, struct text *text);

static row_writer *const row_writers[] = {
    [LISTING_STATUS] = row_status, [LISTING_WORKERS] = row_workers, [LISTING_POOLS] = row_pools};

static size_t row_count(const struct router *router, enum listing_kind kind)
{
    switch (kind) {
    case LISTING_NONE:
        break;
    case LISTING_STATUS:
        return router->functions.table.count;
    case LISTING_WORKERS:
        return router->peers.count;
    case LISTING_POOLS:
        return (size_t)ROUTER_POOLS * PMAD_CLASSES_MAX;
    }
    return 0;
}

/* Goes over rows from the cursor to `end`, or until they fill `budget` bytes, with one row at least;
 * behind the last row comes the full stop. Returns the row to go on at. */
static size_t go_over(const struct peer *peer, struct text *text, size_t budget, size_t end)
{
    const struct router *router = peer->router;
    size_t index = peer->listing.index;

    for (; index < end && text->size < budget; index++)
        row_writers[peer->listing.kind](router, index, text);
    if (index == row_count(router, (enum listing_kind)peer->listing.kind))
        add(text, ".\n");
    return index;
}

/* What is measured can have grown when it is written: the blocks taken for it count in `pools`. */
enum { LISTING_SLACK = 3 * PMAD_CLASSES_MAX };

void admin_listing_continue(struct peer *peer)
{
    struct router *router = peer->router;
    size_t spare = router->wire.room > router->unread ? router->wire.room - router->unread : 0;
    size_t budget = spare / 4 < LISTING_PIECE ? spare / 4 : LISTING_PIECE;
    size_t count = row_count(router, (enum listing_kind)peer->listing.kind);
    struct text measured = {0};
    struct text written = {.writes = true};
    struct body body;
    struct out *out;
    size_t next;

    if (peer->outbox.size > 0)
        return;
    next = go_over(peer, &measured, budget + 1, count);
    out = answer_take(peer, 0);
    if (!out)
        return;
    if (!wire_take_body(router, &body, measured.size + LISTING_SLACK)) {
        out_give(router, out);
        peer_wait(peer, sizeof *out + wire_wants(measured.size + LISTING_SLACK), false);
        return;
    }
    written.cursor = body_begin(&body);
    MUST(go_over(peer, &written, SIZE_MAX, next) == next && written.size <= body.size);
    body.size = written.size;
    peer->listing.index = (uint32_t)next;
    if (next == count)
        peer->listing = (struct listing){0};
    outbox_answer(peer, out, 0, body);
}

/* ---- lines ---- */

/* One line of text. False: the peer is halted. */
static bool say(struct peer *peer, const char *text, size_t size)
{
    struct out *out = answer_take(peer, size);

    if (!out)
        return false;
    memcpy(out_bytes(out), text, size);
    outbox_answer(peer, out, size, (struct body){0});
    return true;
}

static bool say_version(struct peer *peer)
{
    char text[VERSION_MAX + 8];
    int size = snprintf(text, sizeof text, "OK %s\n", peer->router->version);

    return say(peer, text, (size_t)size);
}

static bool say_unknown(struct peer *peer, struct gm_slice word)
{
    static const char start[] = "ERR UNKNOWN_COMMAND Unknown+server+command";
    enum { WORD_SHOWN = 128 };
    char text[sizeof start + WORD_SHOWN + 2];
    size_t shown = word.size < WORD_SHOWN ? word.size : WORD_SHOWN;
    size_t size = sizeof start - 1;

    memcpy(text, start, size);
    memcpy(text + size, word.bytes, shown);
    size += shown;
    text[size++] = '\r';
    text[size++] = '\n';
    return say(peer, text, size);
}

struct command {
    const char *word;
    enum listing_kind listing;
    bool (*say)(struct peer *peer);
};

static const struct command commands[] = {
    {.word = "status", .listing = LISTING_STATUS},
    {.word = "workers", .listing = LISTING_WORKERS},
    {.word = "pools", .listing = LISTING_POOLS},
    {.word = "version", .say = say_version},
};

/* False: the peer is halted, and the line has had no effect. */
static bool do_command(struct peer *peer, struct gm_slice word)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *command = &commands[i];

        if (!gm_word_is(word, command->word))
            continue;
        if (command->say)
            return command->say(peer);
        peer->listing = (struct listing){.kind = (uint8_t)command->listing};
        admin_listing_continue(peer);
        return true;
    }
    return say_unknown(peer, word);
}

size_t admin_line(struct peer *peer, const uint8_t *bytes, size_t size)
{
    static const char too_long[] = "ERR INVALID_ARGUMENTS Line+too+long\r\n";
    struct gm_line line;

    switch (gm_line_decode(&line, bytes, size, peer->router->limits.text_line_max)) {
    case GM_LINE_NEED_MORE:
        return 0;
    case GM_LINE_TOO_LONG:
        if (!say(peer, too_long, sizeof too_long - 1))
            return 0;
        peer_end(peer);
        return size;
    case GM_LINE:
        break;
    }
    if (line.word_count > 0 && !do_command(peer, line.words[0]))
        return 0;
    return line.line_size;
}
