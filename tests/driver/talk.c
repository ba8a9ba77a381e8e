#include "talk.h"

#include <stdio.h>
#include <string.h>

#include "gm_packet.h"

enum { HEADER_SIZE = 12, TEXTS = 8, TEXT_SIZE = 2048 };

/* The buffers are used in turn, so that a few texts can be compared with each other. */
static char *text_buffer(void)
{
    static char buffers[TEXTS][TEXT_SIZE];
    static size_t next;

    next = (next + 1) % TEXTS;
    return buffers[next];
}

static const char *text_format(const char *format, va_list arguments)
    __attribute__((format(printf, 1, 0)));

static const char *text_format(const char *format, va_list arguments)
{
    char *into = text_buffer();
    int size = vsnprintf(into, TEXT_SIZE, format, arguments);

    driver_expect(size >= 0 && size < TEXT_SIZE, "a text is too long");
    return into;
}

const char *text(const char *format, ...)
{
    va_list arguments;
    const char *formatted;

    va_start(arguments, format);
    formatted = text_format(format, arguments);
    va_end(arguments);
    return formatted;
}

/* ---- saying ---- */

static uint32_t type_named(const char *name, size_t size)
{
    for (uint32_t type = 1; type < GM_TYPES; type++)
        if (strlen(gm_packet_name(type)) == size && memcmp(gm_packet_name(type), name, size) == 0)
            return type;
    driver_expect(0, "a test names a packet that is not in the table");
    return 0;
}

static void number_put(uint8_t *into, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        into[i] = (uint8_t)(number >> (24 - 8 * i));
}

void post_header(struct remote *remote, const char *magic, uint32_t type, uint32_t size)
{
    uint8_t header[HEADER_SIZE];

    for (size_t i = 0; i < 4; i++)
        header[i] = magic[i] == '|' ? 0 : (uint8_t)magic[i];
    number_put(header + 4, type);
    number_put(header + 8, size);
    remote_post(remote, header, sizeof header);
}

void post_data(struct remote *remote, const char *frame, const void *data, size_t size)
{
    size_t name_size = strcspn(frame, " ");
    const char *arguments = frame[name_size] == ' ' ? frame + name_size + 1 : "";
    size_t arguments_size = strlen(arguments);

    post_header(remote, "|REQ", type_named(frame, name_size), (uint32_t)(arguments_size + size));
    for (size_t i = 0; i < arguments_size; i++)
        remote_post(remote, arguments[i] == '|' ? "" : &arguments[i], 1);
    remote_post(remote, data, size);
}

void say_data(struct remote *remote, const char *frame, const void *data, size_t size)
{
    post_data(remote, frame, data, size);
    rig_turn(remote->rig);
}

void post(struct remote *remote, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    post_data(remote, text_format(format, arguments), NULL, 0);
    va_end(arguments);
}

void say(struct remote *remote, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    post_data(remote, text_format(format, arguments), NULL, 0);
    va_end(arguments);
    rig_turn(remote->rig);
}

void say_line(struct remote *remote, const char *line)
{
    remote_post(remote, line, strlen(line));
    remote_post(remote, "\n", 1);
    rig_turn(remote->rig);
}

/* ---- hearing ---- */

static uint32_t number_get(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* Cuts the next message off the front of what was heard before the one last cut. */
static bool frame_cut(const struct bytes *heard, struct heard_frame *frame, size_t *whole)
{
    const uint8_t *lf;

    if (heard->size == 0)
        return false;
    frame->is_line = heard->at[0] != 0;
    if (frame->is_line) {
        lf = memchr(heard->at, '\n', heard->size);
        if (lf == NULL)
            return false;
        frame->type = 0;
        frame->bytes = heard->at;
        frame->size = (size_t)(lf - heard->at);
        *whole = frame->size + 1;
        return true;
    }
    if (heard->size < HEADER_SIZE)
        return false;
    driver_expect(memcmp(heard->at, "\0RES", 4) == 0, "an answer without its magic");
    frame->type = number_get(heard->at + 4);
    frame->size = number_get(heard->at + 8);
    frame->bytes = heard->at + HEADER_SIZE;
    *whole = HEADER_SIZE + frame->size;
    return heard->size >= *whole;
}

bool hear_frame(struct remote *remote, struct heard_frame *frame)
{
    size_t whole;

    bytes_drop(&remote->heard, remote->looked_at);
    remote->looked_at = 0;
    if (!frame_cut(&remote->heard, frame, &whole))
        return false;
    remote->looked_at = whole;
    return true;
}

/* Appends to a text what a byte looks like; returns the characters, 0 when there is no room. */
static size_t byte_show(char *into, size_t room, uint8_t byte, bool is_line)
{
    if (room < 16)
        return 0;
    if (byte == 0 && !is_line)
        into[0] = '|';
    else if (byte == '\t' || (byte >= 0x20 && byte < 0x7f && byte != '|' && byte != '\\'))
        into[0] = (char)byte;
    else
        return (size_t)snprintf(into, room, "\\x%02x", byte);
    return 1;
}

const char *hear(struct remote *remote)
{
    struct heard_frame frame;
    char *into = text_buffer();
    size_t used = 0, i = 0;

    into[0] = 0;
    if (!hear_frame(remote, &frame))
        return into;
    if (!frame.is_line)
        used = (size_t)snprintf(into, TEXT_SIZE, "%s%s", gm_packet_name(frame.type),
                                frame.size > 0 ? " " : "");
    for (; i < frame.size; i++) {
        size_t shown = byte_show(into + used, TEXT_SIZE - used, frame.bytes[i], frame.is_line);

        if (shown == 0)
            break;
        used += shown;
    }
    (void)snprintf(into + used, TEXT_SIZE - used, "%s", i < frame.size ? "..." : "");
    return into;
}

size_t hear_out(struct remote *remote)
{
    struct heard_frame frame;
    size_t count = 0;

    while (hear_frame(remote, &frame))
        count++;
    return count;
}

const char *hear_listing(struct remote *remote)
{
    static char into[TEXT_SIZE];
    size_t used = 0;

    for (;;) {
        const char *line = hear(remote);

        used += (size_t)snprintf(into + used, TEXT_SIZE - used, "%s%s", used > 0 ? "\n" : "", line);
        driver_expect(used < TEXT_SIZE, "a listing is too long to be shown");
        if (line[0] == 0 || strcmp(line, ".") == 0)
            return into;
    }
}
