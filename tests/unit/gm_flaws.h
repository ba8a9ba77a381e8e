#ifndef GM_FLAWS_H
#define GM_FLAWS_H

/*
 * What must hold of the codec's answers, whatever bytes it was given. The unit tests and the fuzzer
 * ask the same questions: each function returns what is wrong in words, or NULL if nothing is.
 */
#include <string.h>

#include "gm_frame.h"
#include "gm_line.h"

enum { FLAWS_HEAD_MAX = 4096 }; /* the largest head_max these can judge */

/* The 32 bits of a header that announce the size, added up anew. */
static inline uint64_t flaws_announced(const uint8_t *bytes)
{
    return ((uint64_t)bytes[8] * 256 + bytes[9]) * 65536 + (uint64_t)bytes[10] * 256 + bytes[11];
}

/* The arguments lie in the head one after the other, and what parts them is one NUL. */
static inline const char *flaws_in_args(const struct gm_head *head, const uint8_t *bytes)
{
    const struct gm_packet *packet = head->packet;
    const uint8_t *at = bytes + GM_HEADER_SIZE;
    const uint8_t *end = bytes + head->head_size;

    for (uint32_t i = 0; i < head->arg_count; i++) {
        bool last = i + 1 == packet->args;
        const struct gm_slice *arg = &head->args[i];

        if (arg->bytes != at || arg->size > (size_t)(end - at))
            return "an argument is not where the one before it ends, or leaves the head";
        at += arg->size;
        if (last && at == end && (!packet->data || packet->data_omitted))
            break;
        if (at == end || *at++ != 0 || memchr(arg->bytes, 0, arg->size) != NULL)
            return "an argument does not end with its first NUL";
    }
    return at == end ? NULL : "the head does not end with its arguments";
}

/* A head that was decoded can be encoded, and is the same bytes again. The announced size differs
 * where bytes were skipped or a NUL left out. */
static inline const char *flaws_in_encoding(const struct gm_head *head, const uint8_t *bytes)
{
    uint8_t again[FLAWS_HEAD_MAX + 1];
    const struct gm_packet *packet = head->packet;
    size_t body_size = packet->data ? head->body_size : 0;
    size_t size = gm_head_encode(again, sizeof(again), head->magic, (enum gm_type)head->type,
                                 head->args, body_size);
    bool nul_left_out = packet->data_omitted && size == head->head_size + 1;
    bool skipped = packet->args == 0 && !packet->data;

    if (nul_left_out && (head->body_size != 0 || again[--size] != 0))
        return "data follows a NUL that was left out";
    if (size != head->head_size)
        return "encoded again, the head has another size";
    if (memcmp(again, bytes, 8) != 0)
        return "encoded again, magic or type differ";
    if (!nul_left_out && !skipped && memcmp(again + 8, bytes + 8, 4) != 0)
        return "encoded again, the announced size differs";
    if (memcmp(again + GM_HEADER_SIZE, bytes + GM_HEADER_SIZE, size - GM_HEADER_SIZE) != 0)
        return "encoded again, the arguments differ";
    return NULL;
}

static inline const char *flaws_in_good_head(const struct gm_head *head, const uint8_t *bytes,
                                             size_t size, size_t head_max)
{
    const char *flaw;

    if (head->head_size > size || head->head_size > head_max)
        return "the head is larger than what there is, or than it may be";
    if ((uint64_t)head->head_size + head->body_size != GM_HEADER_SIZE + flaws_announced(bytes))
        return "head and body are not the frame";
    if (head->packet != gm_packet(head->type))
        return "the row is not that of the type";
    if (head->arg_count != (head->packet != NULL ? head->packet->args : 0))
        return "the number of arguments is not that of the row";
    flaw = flaws_in_args(head, bytes);
    if (flaw == NULL && head->packet != NULL)
        flaw = flaws_in_encoding(head, bytes);
    return flaw;
}

/* Judges what gm_head_decode() said of `size` bytes. */
static inline const char *gm_head_flaw(enum gm_decode answer, const struct gm_head *head,
                                       const uint8_t *bytes, size_t size, size_t head_max)
{
    size_t known = size < 4 ? size : 4;
    bool magic =
        known == 0 || memcmp(bytes, "\0REQ", known) == 0 || memcmp(bytes, "\0RES", known) == 0;

    if (magic == (answer == GM_BAD_MAGIC))
        return "a magic was taken for another";
    if (answer == GM_BAD_MAGIC)
        return NULL;
    if (answer == GM_NEED_MORE) {
        if (size >= head_max || (size >= 12 && size >= 12 + flaws_announced(bytes)))
            return "more was asked for than the head may have, or than will come";
        return NULL;
    }
    if (size < GM_HEADER_SIZE)
        return "a frame was judged before its header was whole";
    if (answer == GM_HEAD)
        return flaws_in_good_head(head, bytes, size, head_max);
    if (head->packet == NULL || head->packet->args == 0)
        return "arguments were missed where there are none";
    if (head->arg_count != 0 || head->head_size != GM_HEADER_SIZE ||
        head->body_size != flaws_announced(bytes))
        return "a frame with bad arguments cannot be skipped";
    return NULL;
}

static inline bool flaws_blank(const uint8_t *from, const uint8_t *to)
{
    for (; from < to; from++)
        if (*from != ' ')
            return false;
    return true;
}

/* Between the words of a line are spaces, in them none. */
static inline const char *flaws_in_words(const struct gm_line *line, const uint8_t *bytes)
{
    const uint8_t *at = bytes;
    const uint8_t *end = bytes + line->line_size - 1;

    if (end > bytes && end[-1] == '\r')
        end--;
    for (size_t i = 0; i < line->word_count; i++) {
        struct gm_slice word = line->words[i];

        if (word.bytes < at || word.bytes >= end || word.size > (size_t)(end - word.bytes))
            return "a word is not behind the one before it, or leaves the line";
        if (!flaws_blank(at, word.bytes) || (i > 0 && at == word.bytes))
            return "two words are not parted by spaces alone";
        if (word.size == 0 || memchr(word.bytes, ' ', word.size) != NULL)
            return "a word is empty or has a space in it";
        at = word.bytes + word.size;
    }
    if (line->surplus == flaws_blank(at, end))
        return "the rest of the line is not what `surplus` says";
    if (line->surplus && (line->word_count != GM_WORDS_MAX || !flaws_blank(at, at + 1)))
        return "words were left over too early";
    return NULL;
}

/* Judges what gm_line_decode() said of `size` bytes. */
static inline const char *gm_line_flaw(enum gm_line_decode answer, const struct gm_line *line,
                                       const uint8_t *bytes, size_t size, size_t line_max)
{
    size_t seen = size < line_max ? size : line_max;
    const uint8_t *lf = seen > 0 ? memchr(bytes, '\n', seen) : NULL;

    if ((lf != NULL) != (answer == GM_LINE))
        return "a line was missed, or found where none is";
    if (lf == NULL)
        return (size >= line_max) == (answer == GM_LINE_TOO_LONG)
                   ? NULL
                   : "a line was given up too early or too late";
    if (line->line_size != (size_t)(lf - bytes) + 1 || line->word_count > GM_WORDS_MAX)
        return "a line does not end with its first LF, or has too many words";
    return flaws_in_words(line, bytes);
}

#endif
