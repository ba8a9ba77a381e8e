#include "text.h"

#include <stdio.h>

struct text text_in(char *bytes, size_t room)
{
    bytes[0] = '\0';
    return (struct text){.bytes = bytes, .room = room, .used = 0};
}

void text_put_list(struct text *text, const char *format, va_list arguments)
{
    size_t left = text->room - text->used;
    int size = vsnprintf(text->bytes + text->used, left, format, arguments);

    if (size > 0)
        text->used += (size_t)size < left ? (size_t)size : left - 1;
}

void text_put(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    text_put_list(text, format, arguments);
    va_end(arguments);
}
