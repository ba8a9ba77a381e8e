#include "rights.h"

#include "pmad_must.h"
#include "router_state.h"
#include "rules.h"

/* Its place in peer->some. */
static unsigned place_of(enum peer_right right)
{
    unsigned place = 0;

    while (1U << place != (unsigned)right)
        place++;
    return place;
}

void router_grant(struct router *router, struct peer *peer, enum peer_right right, size_t index)
{
    MUST(index < router->rules->pattern_count);
    peer->some[place_of(right)] |= UINT64_C(1) << index;
}

bool peer_may(const struct peer *peer, enum peer_right right)
{
    return peer->rights & right || peer->some[place_of(right)] != 0;
}

bool peer_may_to(const struct peer *peer, enum peer_right right, const struct function *function)
{
    return peer->rights & right || peer->some[place_of(right)] & function->patterns;
}

bool peer_may_to_name(const struct peer *peer, enum peer_right right, struct gm_slice name)
{
    const struct router *router = peer->router;
    const struct function *function;

    if (peer->rights & right || peer->some[place_of(right)] == 0)
        return peer->rights & right;
    function = function_find(&router->functions, name);
    return function ? peer_may_to(peer, right, function)
                    : peer->some[place_of(right)] & rules_patterns(router->rules, name);
}

void peer_denied(struct peer *peer, const char *what)
{
    peer->denied++;
    peer->denied_last = what;
    peer->router->counts.denied++;
}
