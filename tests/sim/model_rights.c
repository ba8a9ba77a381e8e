/* Who may connect, and who may ask what. */
#include <string.h>

#include "gm_packet.h"
#include "model_state.h"

/* ---- connections ---- */

size_t count_actors(const struct model *model)
{
    size_t count = 0;

    for (const struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        count++;
    return count;
}

bool only_reserve_is_left(const struct model *model)
{
    return count_actors(model) + model->setup.limits.connections_reserved >=
           model->setup.limits.connections;
}

bool model_has_room(const struct model *model, unsigned rights)
{
    bool works = (rights & (RIGHT_WORK | RIGHT_ADMIN)) != 0;

    return count_actors(model) < model->setup.limits.connections &&
           (works || !only_reserve_is_left(model));
}

/* ---- rights ---- */

/* The patterns for which he has a right. */
static unsigned patterns_of(const struct actor *actor, unsigned right)
{
    for (unsigned place = 0; place < PEER_RIGHTS; place++)
        if (right == 1U << place)
            return actor->some[place];
    return 0;
}

bool model_may(const struct actor *actor, unsigned right)
{
    return (actor->rights & right) != 0 || patterns_of(actor, right) != 0;
}

bool model_may_to(const struct model *model, const struct actor *actor, unsigned right,
                  unsigned function)
{
    return (actor->rights & right) != 0 ||
           (patterns_of(actor, right) & model->matches[function]) != 0;
}

static bool is_registration(uint32_t type)
{
    return type == GM_CAN_DO || type == GM_CAN_DO_TIMEOUT;
}

/* The right that a request needs; 0: none. */
static unsigned right_for(uint32_t type)
{
    switch (type) {
    case GM_CAN_DO:
    case GM_CAN_DO_TIMEOUT:
    case GM_CANT_DO:
    case GM_RESET_ABILITIES:
    case GM_PRE_SLEEP:
    case GM_GRAB_JOB:
    case GM_GRAB_JOB_UNIQ:
    case GM_GRAB_JOB_ALL:
        return RIGHT_WORK;
    case GM_GET_STATUS:
    case GM_GET_STATUS_UNIQUE:
        return RIGHT_SUBMIT;
    default:
        break;
    }
    if (model_is_submission(type))
        return RIGHT_SUBMIT;
    return is_event(type) ? RIGHT_WORK : 0;
}

bool is_allowed(const struct model *model, const struct actor *actor, const struct request *request)
{
    unsigned right = request->is_credit ? RIGHT_WORK : right_for(request->type);

    if (right == 0)
        return true;
    if (is_registration(request->type))
        return model_may_to(model, actor, right, request->function);
    if (model_is_submission(request->type))
        return model_may_to(model, actor, right, request->job->function);
    return model_may(actor, right);
}

bool model_closes(const struct model *model, const struct actor *actor,
                  const struct request *request)
{
    const struct job *job = request->job;

    if (is_registration(request->type))
        return !is_allowed(model, actor, request);
    return model_is_submission(request->type) && actor->reserved &&
           is_allowed(model, actor, request) && is_well_formed(job);
}
