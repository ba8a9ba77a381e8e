#include "stream.h"

#include <stdio.h>
#include <string.h>

#include "gm_packet.h"

struct request *request_add(struct actor *actor, uint32_t type)
{
    struct request *request = heap_take(sizeof *request);

    request->type = type;
    *actor->requests_end = request;
    actor->requests_end = &request->next;
    return request;
}

static void number_put(struct bytes *into, uint32_t number)
{
    uint8_t *at = bytes_extend(into, 4);

    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(number >> (24 - 8 * i));
}

void stream_header(struct actor *actor, const char *magic, uint32_t type, size_t size)
{
    bytes_add(&actor->unsent, magic, 4);
    number_put(&actor->unsent, type);
    number_put(&actor->unsent, (uint32_t)size);
    actor->posted += HEADER_SIZE + size;
}

void stream_frame(struct actor *actor, const char *magic, uint32_t type,
                  const struct bytes *content)
{
    stream_header(actor, magic, type, content->size);
    bytes_add(&actor->unsent, content->at, content->size);
}

void add_text(struct bytes *into, const char *text, bool with_nul)
{
    bytes_add(into, text, strlen(text) + with_nul);
}

/* What stands between unique id and data. */
static void add_more_arguments(struct bytes *content, uint32_t type, const struct job *job)
{
    if (type == GM_SUBMIT_JOB_EPOCH)
        add_text(content, job->due, true);
    if (job->reducer != NULL) {
        add_text(content, job->reducer, true);
        add_text(content, "aggregate", true);
    }
}

/* The request's arguments and data, as they go over the wire. Sets `*arguments` to the bytes of the
 * former, which end where the head of the frame does. */
static struct bytes content_of(const struct request *request, size_t *arguments)
{
    struct bytes content = {0};
    const struct job *job = request->job;

    if (model_is_submission(request->type)) {
        add_text(&content, model_functions[job->function], true);
        add_text(&content, job->unique, true);
        add_more_arguments(&content, request->type, job);
        *arguments = content.size;
        model_fill(&content, job->fill, job->size);
        return content;
    }
    if (request->type == GM_CAN_DO || request->type == GM_CAN_DO_TIMEOUT ||
        request->type == GM_CANT_DO)
        add_text(&content, model_functions[request->function], request->type == GM_CAN_DO_TIMEOUT);
    if (job != NULL)
        add_text(&content, job->handle, false);
    *arguments = content.size + (request->data.size > 0);
    bytes_add(&content, request->data.at, request->data.size);
    switch (request->type) {
    case GM_WORK_DATA:
    case GM_WORK_WARNING:
    case GM_WORK_COMPLETE:
    case GM_WORK_EXCEPTION:
        break;
    case GM_ECHO_REQ:
        *arguments = 0;
        break;
    default:
        *arguments = content.size;
        break;
    }
    return content;
}

void stream_request(struct world *world, struct actor *actor, struct request *request)
{
    size_t arguments;
    struct bytes content = content_of(request, &arguments);

    world_note(world, actor, "%s %s, %zu bytes", gm_packet_name(request->type),
               request->job != NULL ? request->job->handle : "", content.size);
    request->head_end = actor->posted + HEADER_SIZE + arguments;
    stream_frame(actor, "\0REQ", request->type, &content);
    request->end = actor->posted;
    bytes_free(&content);
}

void stream_deliver(struct world *world, struct actor *actor, bool all)
{
    size_t size = actor->unsent.size;

    if (!all && dice_chance(&world->dice, 20)) {
        size = dice_roll(&world->dice, size + 1);
        world_note(world, actor, "sends %zu of %zu bytes", size, actor->unsent.size);
    }
    stream_post(world, actor, size);
    world_turn(world);
}

void stream_post(struct world *world, struct actor *actor, size_t size)
{
    actor->remote->piece =
        dice_chance(&world->dice, 80) ? RIG_ALL : 1 + dice_size(&world->dice, 5000);
    actor->remote->slices =
        dice_chance(&world->dice, 70) ? RIG_ALL : 1 + dice_roll(&world->dice, 5);
    remote_post(actor->remote, actor->unsent.at, size);
    bytes_drop(&actor->unsent, size);
}
