/*
 * Feeds bytes to the codec as a frame, and traps when an answer does not hold what every answer must.
 * The first two bytes of the input choose the bound of the head, the third cuts the rest short: an
 * answer to fewer bytes must not be taken back when more come.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gm_flaws.h"
#include "target.h"

static enum gm_decode judge_head(struct gm_head *head, const uint8_t *bytes, size_t size,
                                 size_t head_max)
{
    enum gm_decode answer = gm_head_decode(head, bytes, size, head_max);

    trap_on(gm_head_flaw(answer, head, bytes, size, head_max));
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gm_head head;
    struct gm_head early_head;
    enum gm_decode answer;
    enum gm_decode early;
    size_t bound;
    size_t cut;

    if (size < 3)
        return 0;
    bound = (size_t)data[0] * 256 + data[1];
    cut = data[2];
    data += 3;
    size -= 3;
    bound = GM_HEADER_SIZE + 1 + bound % (FLAWS_HEAD_MAX - GM_HEADER_SIZE);
    cut = cut < size ? cut : size;
    answer = judge_head(&head, data, size, bound);
    early = judge_head(&early_head, data, cut, bound);
    if (early != GM_NEED_MORE && early != answer)
        trap_on("an answer was taken back when more bytes came");
    if (early == GM_HEAD && early_head.head_size != head.head_size)
        trap_on("a head changed when more bytes came");
    return 0;
}
