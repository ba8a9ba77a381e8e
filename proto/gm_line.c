#include "gm_line.h"

#include <string.h>

/* ASCII only: what is a letter must not depend on the locale. */
static uint8_t lower_case(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

/* Cuts the text of a line, without its end, into words. */
static void words_cut(struct gm_line *line, const uint8_t *text, size_t size)
{
    size_t at = 0;

    line->word_count = 0;
    line->surplus = false;
    for (;;) {
        size_t begin;

        while (at < size && text[at] == ' ')
            at++;
        if (at == size)
            return;
        if (line->word_count == GM_WORDS_MAX) {
            line->surplus = true;
            return;
        }
        begin = at;
        while (at < size && text[at] != ' ')
            at++;
        line->words[line->word_count++] = (struct gm_slice){text + begin, at - begin};
    }
}

enum gm_line_decode gm_line_decode(struct gm_line *line, const uint8_t *bytes, size_t size,
                                   size_t line_max)
{
    size_t seen = size < line_max ? size : line_max;
    const uint8_t *lf = seen > 0 ? memchr(bytes, '\n', seen) : NULL;
    size_t text_size;

    if (lf == NULL)
        return size < line_max ? GM_LINE_NEED_MORE : GM_LINE_TOO_LONG;
    text_size = (size_t)(lf - bytes);
    line->line_size = text_size + 1;
    if (text_size > 0 && bytes[text_size - 1] == '\r')
        text_size--;
    words_cut(line, bytes, text_size);
    return GM_LINE;
}

bool gm_word_is(struct gm_slice word, const char *text)
{
    if (word.size != strlen(text))
        return false;
    for (size_t i = 0; i < word.size; i++)
        if (lower_case(word.bytes[i]) != lower_case((uint8_t)text[i]))
            return false;
    return true;
}
