#include "log_fields.h"

#include <stdbool.h>
#include <string.h>

#include "text.h"

static bool is_key(char byte)
{
    return (byte >= 'a' && byte <= 'z') || byte == '_';
}

/* Begins a field `NAME=`; its bytes are added to the text that is returned. */
static struct text begin(struct log_fields *fields)
{
    return text_in(fields->bytes + fields->used, sizeof fields->bytes - fields->used);
}

static void end(struct log_fields *fields, const struct text *text)
{
    fields->items[fields->count++] = (struct iovec){.iov_base = text->bytes, .iov_len = text->used};
    fields->used += text->used + 1;
}

static bool is_full(const struct log_fields *fields, size_t size)
{
    return fields->count == LOG_FIELDS_MAX || sizeof fields->bytes - fields->used < size + 16;
}

/* `key=value`, of so many bytes, the first `key` of which are the key's. */
static void add_word(struct log_fields *fields, const char *word, size_t size, size_t key)
{
    struct text text;

    if (is_full(fields, size))
        return;
    text = begin(fields);
    text_put(&text, "PMADD_%.*s", (int)size, word);
    for (size_t i = 0; i < key; i++)
        if (word[i] != '_')
            text.bytes[6 + i] = (char)(word[i] - 'a' + 'A');
    end(fields, &text);
}

static void add_words(struct log_fields *fields, const char *text, size_t size)
{
    size_t at = 0;

    while (at < size) {
        size_t key = 0;
        size_t word = 0;

        while (at + key < size && is_key(text[at + key]))
            key++;
        while (at + word < size && text[at + word] != ' ')
            word++;
        if (key > 0 && key < word && text[at + key] == '=') {
            bool is_ended = text[at + word - 1] == ';' || text[at + word - 1] == ',';

            add_word(fields, text + at, word - is_ended, key);
        }
        at += word + 1;
    }
}

void log_fields_make(struct log_fields *fields, enum log_name name, const char *text, size_t size)
{
    struct text field;

    fields->count = 0;
    fields->used = 0;
    field = begin(fields);
    text_put(&field, "MESSAGE=%s: %.*s", log_name_text(name), (int)size, text);
    end(fields, &field);
    field = begin(fields);
    text_put(&field, "PRIORITY=%d", (int)log_name_level(name));
    end(fields, &field);
    field = begin(fields);
    text_put(&field, "SYSLOG_IDENTIFIER=pmadd");
    end(fields, &field);
    field = begin(fields);
    text_put(&field, "PMADD_EVENT=%s", log_name_text(name));
    end(fields, &field);
    add_words(fields, text, size);
}
