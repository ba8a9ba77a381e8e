#include "gm_frame.h"

#include <string.h>

enum { MAGIC_SIZE = 4 };

static const uint8_t magics[][MAGIC_SIZE] = {
    [GM_REQ] = {0, 'R', 'E', 'Q'},
    [GM_RES] = {0, 'R', 'E', 'S'},
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static uint32_t number_read(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static void number_write(uint8_t *into, uint32_t number)
{
    into[0] = (uint8_t)(number >> 24);
    into[1] = (uint8_t)(number >> 16);
    into[2] = (uint8_t)(number >> 8);
    into[3] = (uint8_t)number;
}

/* How many of the packet's arguments have a NUL behind them: all, but for a last one that ends with
 * the frame. */
static uint32_t terminated_args(const struct gm_packet *packet)
{
    bool last_is_bare = packet->args > 0 && !packet->data;

    return last_is_bare ? packet->args - 1u : packet->args;
}

/* True when as much of the magic as there is agrees with `magic`. */
static bool magic_may_be(enum gm_magic magic, const uint8_t *bytes, size_t size)
{
    if (size >= MAGIC_SIZE) /* a comparison of one word */
        return memcmp(bytes, magics[magic], MAGIC_SIZE) == 0;
    return size == 0 || memcmp(bytes, magics[magic], size) == 0;
}

/* Cuts arguments with their NULs off the front of `size` bytes, `wanted` of them if there are so
 * many; returns the bytes they take. */
static size_t args_cut(struct gm_head *head, uint32_t wanted, const uint8_t *bytes, size_t size)
{
    size_t cut = 0;

    while (head->arg_count < wanted) {
        const uint8_t *begin = bytes + cut;
        const uint8_t *nul = memchr(begin, 0, size - cut);

        if (nul == NULL)
            break;
        head->args[head->arg_count].bytes = begin;
        head->args[head->arg_count].size = (size_t)(nul - begin);
        head->arg_count++;
        cut = (size_t)(nul - bytes) + 1;
    }
    return cut;
}

/*
 * Finds the arguments in the `size` bytes behind the header. They, with their NULs, may take
 * `args_max` bytes. `head` comes with all that the header announces as its body; on GM_HEAD the
 * arguments have moved from the body to the head.
 */
static enum gm_decode args_decode(struct gm_head *head, const uint8_t *bytes, size_t size,
                                  size_t args_max)
{
    const struct gm_packet *packet = head->packet;
    size_t announced = head->body_size;
    size_t seen = least(size, least(announced, args_max));
    bool last_may_be_bare = !packet->data || packet->data_omitted;
    size_t cut;

    /* Without data the arguments are the whole frame: its size alone tells that it is too long. */
    if (!packet->data && announced > args_max)
        return GM_BAD_ARGS;
    cut = args_cut(head, terminated_args(packet), bytes, seen);
    if (head->arg_count + 1u == packet->args && last_may_be_bare && seen == announced) {
        head->args[head->arg_count].bytes = bytes + cut;
        head->args[head->arg_count].size = announced - cut;
        head->arg_count++;
        cut = announced;
    }
    if (head->arg_count < packet->args) {
        head->arg_count = 0;
        return seen < announced && seen < args_max ? GM_NEED_MORE : GM_BAD_ARGS;
    }
    head->head_size += cut;
    head->body_size -= cut;
    return GM_HEAD;
}

enum gm_decode gm_head_decode(struct gm_head *head, const uint8_t *bytes, size_t size,
                              size_t head_max)
{
    bool request = magic_may_be(GM_REQ, bytes, size);

    if (!request && !magic_may_be(GM_RES, bytes, size))
        return GM_BAD_MAGIC;
    if (size < GM_HEADER_SIZE)
        return GM_NEED_MORE;
    head->magic = request ? GM_REQ : GM_RES;
    head->type = number_read(bytes + 4);
    head->packet = gm_packet(head->type);
    head->arg_count = 0;
    head->head_size = GM_HEADER_SIZE;
    head->body_size = number_read(bytes + 8);
    if (head->packet == NULL || head->packet->args == 0)
        return GM_HEAD;
    return args_decode(head, bytes + GM_HEADER_SIZE, size - GM_HEADER_SIZE,
                       head_max - GM_HEADER_SIZE);
}

size_t gm_head_size(enum gm_type type, const struct gm_slice *args)
{
    const struct gm_packet *packet = gm_packet(type);
    size_t size;

    if (packet == NULL)
        return 0;
    size = terminated_args(packet);
    for (size_t i = 0; i < packet->args; i++) {
        if (args[i].size > UINT32_MAX - size)
            return 0;
        size += args[i].size;
    }
    return GM_HEADER_SIZE + size;
}

/* True when no NUL inside an argument would be taken for the one behind it. */
static bool args_separable(const struct gm_packet *packet, const struct gm_slice *args)
{
    for (uint32_t i = 0; i < terminated_args(packet); i++)
        if (args[i].size > 0 && memchr(args[i].bytes, 0, args[i].size) != NULL)
            return false;
    return true;
}

static void args_write(uint8_t *into, const struct gm_packet *packet, const struct gm_slice *args)
{
    for (uint32_t i = 0; i < packet->args; i++) {
        if (args[i].size > 0)
            memcpy(into, args[i].bytes, args[i].size);
        into += args[i].size;
        if (i < terminated_args(packet))
            *into++ = 0;
    }
}

void gm_header_write(uint8_t *into, enum gm_magic magic, enum gm_type type, size_t size)
{
    memcpy(into, magics[magic], MAGIC_SIZE);
    number_write(into + 4, type);
    number_write(into + 8, (uint32_t)size);
}

size_t gm_head_encode(uint8_t *into, size_t room, enum gm_magic magic, enum gm_type type,
                      const struct gm_slice *args, size_t body_size)
{
    const struct gm_packet *packet = gm_packet(type);
    size_t head_size = gm_head_size(type, args);
    size_t args_size;

    if (packet == NULL || head_size == 0 || head_size > room)
        return 0;
    args_size = head_size - GM_HEADER_SIZE;
    if (body_size > UINT32_MAX - args_size || (body_size > 0 && !packet->data))
        return 0;
    if (!args_separable(packet, args))
        return 0;
    gm_header_write(into, magic, type, args_size + body_size);
    args_write(into + GM_HEADER_SIZE, packet, args);
    return head_size;
}

struct gm_slice gm_text(const char *text)
{
    return (struct gm_slice){(const uint8_t *)text, strlen(text)};
}

bool gm_slice_equal(struct gm_slice a, struct gm_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}
