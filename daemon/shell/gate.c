#include "gate.h"

#include <sys/socket.h>
#include <unistd.h>

#include "gm_frame.h"
#include "log.h"
#include "process.h"
#include "server.h"
#include "text.h"

enum { FRAME_MAX = 256, TEXT_MAX = 200, DROP_SIZE = 4096 };

/* Why somebody is turned away; `used` and `of` are of the limit, where it is one. */
struct refusal {
    const char *limit; /* NULL: it has no right to anything */
    enum gauge counter;
    size_t used, of;
};

/* ---- turning away ---- */

static size_t refusal_frame(const struct refusal *refusal, uint8_t *frame)
{
    char bytes[TEXT_MAX];
    struct text text = text_in(bytes, sizeof bytes);
    struct gm_slice args[2];

    if (refusal->limit == NULL)
        text_put(&text, "This connection may do nothing here");
    else
        text_put(&text, "Job queue is full: limit=%s function= used=%zu of=%zu retry_ms=1000",
                 refusal->limit, refusal->used, refusal->of);
    args[0] = gm_text(refusal->limit == NULL ? "ACCESS_DENIED" : "QUEUE_ERROR");
    args[1] = gm_text(bytes);
    return gm_head_encode(frame, FRAME_MAX, GM_RES, GM_ERROR, args, 0);
}

/* What has come already is dropped unread: a socket that is closed with something in it is reset, and
 * the reset may overtake the answer. */
static void turn_away(struct server *server, int fd, const struct refusal *refusal)
{
    uint8_t frame[FRAME_MAX];
    size_t size = refusal_frame(refusal, frame);
    char dropped[DROP_SIZE];

    server->gauges.value[refusal->counter]++;
    if (send(fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 && shutdown(fd, SHUT_WR) == 0)
        (void)recv(fd, dropped, sizeof dropped, MSG_DONTWAIT);
    close(fd);
}

void gate_turn_away_last(struct server *server, int fd)
{
    size_t limit = process_descriptor_limit();
    const struct refusal refusal = {"descriptors", GAUGE_TURNED_AWAY_DESCRIPTOR, limit, limit};

    turn_away(server, fd, &refusal);
}

static void log_refusal(const struct server *server, const struct stranger *stranger,
                        const struct refusal *refusal)
{
    char who[WHO_TEXT_MAX];

    (void)who_text(who, &stranger->who, stranger->address);
    if (refusal->limit == NULL)
        log_seldom(LOG_TURNED_AWAY, server->now.mono_us,
                   "no right to anything, see [access]; limit=access %s", who);
    else
        log_seldom(LOG_TURNED_AWAY, server->now.mono_us, "limit=%s used=%zu of=%zu %s",
                   refusal->limit, refusal->used, refusal->of, who);
}

/* ---- taking in ---- */

/* Whatever it is in, if that is too much to be looked at, is as if it were not. */
static void look_at_groups(const struct server *server, struct stranger *stranger, int fd)
{
    char who[WHO_TEXT_MAX];

    if (!server->access->has_groups || !stranger->is_local || stranger_look_at_groups(stranger, fd))
        return;
    log_seldom(LOG_GROUPS_UNSEEN, server->now.mono_us,
               "only its first group counts: the others are more than %d, or cannot be seen; %s",
               STRANGER_GROUPS_MAX, who_text(who, &stranger->who, stranger->address));
}

struct access_rights gate_rights(const struct server *server, struct stranger *stranger, int fd)
{
    look_at_groups(server, stranger, fd);
    return access_of(server->access, stranger);
}

/* What speaks against taking it in; false: nothing. */
static bool is_refused(const struct server *server, const struct stranger *stranger, unsigned may,
                       struct refusal *refusal)
{
    size_t per_user = server->gauges.value[GAUGE_LIMIT_PER_USER];
    size_t of_user = 0;

    if (may == 0) {
        *refusal = (struct refusal){NULL, GAUGE_TURNED_AWAY_ACCESS, 0, 0};
        return true;
    }
    if (stranger->who.uid != NO_USER)
        of_user = users_connections(&server->users, stranger->who.uid);
    if (per_user > 0 && of_user >= per_user) {
        *refusal = (struct refusal){"user", GAUGE_TURNED_AWAY_USER, of_user, per_user};
        return true;
    }
    if (!router_has_room(server->router, may)) {
        *refusal = (struct refusal){"connections", GAUGE_TURNED_AWAY_RESERVED,
                                    server->gauges.value[GAUGE_CONNECTIONS_OPEN], server->conn_max};
        return true;
    }
    return false;
}

bool gate_admit(struct server *server, int fd, const struct endpoint *endpoint)
{
    struct stranger stranger;
    struct access_rights rights;
    struct refusal refusal;

    stranger_look_at(&stranger, fd, endpoint);
    rights = gate_rights(server, &stranger, fd);
    if (!is_refused(server, &stranger, access_any(&rights), &refusal))
        return conn_open(server, fd, &stranger, &rights);
    log_refusal(server, &stranger, &refusal);
    turn_away(server, fd, &refusal);
    return true;
}
