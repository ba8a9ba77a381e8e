#include "listing.h"

#include "answer.h"
#include "halt.h"
#include "outbox.h"
#include "pmad_must.h"
#include "router_state.h"
#include "row.h"
#include "wire.h"

enum {
    /* What looking at a row costs, in bytes of the allowance: a table that is nearly empty takes
     * its time, too. */
    ROW_COST = 4,
    /* What is measured can have grown when it is written: the blocks taken for it count in `pools`,
     * three numbers a class. */
    PIECE_SLACK = 3 * PMAD_CLASSES_MAX
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Some rows of a listing. */
struct piece {
    enum listing_kind kind;
    size_t first, end; /* the rows from `first`, and ahead of `end` */
    bool last;         /* behind them comes the full stop */
};

static size_t piece_cost(const struct piece *piece, const struct row_text *text)
{
    return text->size + (piece->end - piece->first + text->looked_at) * ROW_COST;
}

/* Measures rows until they cost `budget`, one at least. */
static struct piece piece_measure(const struct peer *peer, size_t budget, struct row_text *measured)
{
    const struct router *router = peer->router;
    struct piece piece = {.kind = (enum listing_kind)peer->listing.kind,
                          .first = peer->listing.index,
                          .end = peer->listing.index};
    size_t count = row_count(router, piece.kind);

    while (piece.end < count && (piece.end == piece.first || piece_cost(&piece, measured) < budget))
        row_add(peer, piece.kind, piece.end++, measured);
    piece.last = piece.end >= count;
    if (piece.last)
        row_add_end(measured);
    return piece;
}

static void piece_write(const struct peer *peer, const struct piece *piece, struct body *body)
{
    struct row_text written = {.cursor = body_begin(body), .writes = true};

    for (size_t row = piece->first; row < piece->end; row++)
        row_add(peer, piece->kind, row, &written);
    if (piece->last)
        row_add_end(&written);
    MUST(written.size <= body->size);
    body->size = written.size;
}

/* Puts a piece of `size` bytes into the outbox. False: there is no room for it, and the peer is
 * halted. */
static bool piece_say(struct peer *peer, const struct piece *piece, size_t size)
{
    struct router *router = peer->router;
    struct out *out = answer_take(peer, 0);
    struct body body;

    if (!out)
        return false;
    size += PIECE_SLACK;
    if (!wire_take_body(router, &body, size)) {
        out_give(router, out);
        peer_wait(peer, sizeof *out + wire_wants(size), 0);
        return false;
    }
    piece_write(peer, piece, &body);
    outbox_answer(peer, out, 0, body);
    return true;
}

/* Writes a piece, or passes over rows of nobody. False: the peer is halted. */
static bool go_on(struct peer *peer)
{
    struct router *router = peer->router;
    size_t room = router->wire.room;
    size_t spare = room > router->unread ? room - router->unread : 0;
    size_t budget = least(router->listing_left, spare / 4);
    struct row_text measured = {.size = 0};
    struct piece piece = piece_measure(peer, budget, &measured);

    if (measured.size > 0 && !piece_say(peer, &piece, measured.size))
        return false;
    router->listing_left -= least(router->listing_left, piece_cost(&piece, &measured));
    peer->listing.index = (uint32_t)piece.end;
    if (piece.last)
        peer->listing = (struct listing){.kind = LISTING_NONE};
    return true;
}

void listing_continue(struct peer *peer)
{
    while (peer->listing.kind != LISTING_NONE && peer->outbox.size == 0) {
        if (peer->router->listing_left == 0) {
            peer_rest(peer);
            return;
        }
        if (!go_on(peer))
            return;
    }
}

static void begin(struct peer *peer, struct listing listing)
{
    peer->listing = listing;
    if (TAILQ_EMPTY(&peer->router->resumed))
        listing_continue(peer);
    else
        peer_rest(peer);
}

void listing_begin(struct peer *peer, enum listing_kind kind)
{
    begin(peer, (struct listing){.kind = (uint8_t)kind});
}

void listing_peek(struct peer *peer, const struct function *function, uint8_t most)
{
    begin(peer, (struct listing){.kind = LISTING_PEEK, .most = most, .of = function});
}
