/*
 * Feeds bytes to the codec as an administrative line, and traps when an answer does not hold what every
 * answer must. The first two bytes of the input choose the bound of the line, the third cuts the rest
 * short: an answer to fewer bytes must not be taken back when more come.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "gm_flaws.h"
#include "target.h"

static enum gm_line_decode judge(struct gm_line *line, const uint8_t *bytes, size_t size,
                                 size_t max)
{
    enum gm_line_decode answer = gm_line_decode(line, bytes, size, max);

    trap_on(gm_line_flaw(answer, line, bytes, size, max));
    return answer;
}

static bool same_words(const struct gm_line *a, const struct gm_line *b)
{
    if (a->line_size != b->line_size || a->word_count != b->word_count || a->surplus != b->surplus)
        return false;
    for (size_t i = 0; i < a->word_count; i++)
        if (a->words[i].bytes != b->words[i].bytes || a->words[i].size != b->words[i].size)
            return false;
    return true;
}

/* The C library's notion of a word in whatever letter case, in the locale "C". */
static void judge_word(struct gm_slice word)
{
    static const char *const known[] = {"status", "show", "maxqueue", "JOBS", "Unique", ""};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        bool same = word.size == strlen(known[i]) &&
                    strncasecmp((const char *)word.bytes, known[i], word.size) == 0;

        if (gm_word_is(word, known[i]) != same)
            trap_on("a word was taken for another");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gm_line line;
    struct gm_line early_line;
    enum gm_line_decode answer;
    enum gm_line_decode early;
    size_t bound;
    size_t cut;

    if (size < 3)
        return 0;
    bound = (size_t)data[0] * 256 + data[1];
    cut = data[2];
    data += 3;
    size -= 3;
    cut = cut < size ? cut : size;
    answer = judge(&line, data, size, bound);
    early = judge(&early_line, data, cut, bound);
    if (early != GM_LINE_NEED_MORE && early != answer)
        trap_on("an answer was taken back when more bytes came");
    if (early == GM_LINE && !same_words(&early_line, &line))
        trap_on("a line changed when more bytes came");
    for (size_t i = 0; answer == GM_LINE && i < line.word_count; i++)
        judge_word(line.words[i]);
    return 0;
}
