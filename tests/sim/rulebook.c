#include "rulebook.h"

#include <string.h>

static const char *const texts[] = {
    "*",          "img:*",     "*s*",     "?",        "wc",   "f",        "m*d", "*a*b*",
    "img:resize", "wc?",       "sha*sum", "mail/??*", "*e",   "wc",       "f",   "sha256sum",
    "",           "mail/send", "*.*-*",   "no*y",     "**z*", "a.b-c_d~e"};

static const char *roll_text(struct dice *dice)
{
    return texts[dice_roll(dice, sizeof texts / sizeof *texts)];
}

/* Goes on behind every `*` that has been reached: it may be nothing. */
static uint64_t behind_stars(uint64_t places, const char *pattern)
{
    for (size_t i = 0; pattern[i] != 0; i++)
        if (places >> i & 1 && pattern[i] == '*')
            places |= UINT64_C(2) << i;
    return places;
}

/* All places in the pattern that the name may have led to, byte by byte. */
bool text_matches(const char *pattern, const char *name)
{
    uint64_t places = behind_stars(1, pattern);

    for (; *name != 0; name++) {
        uint64_t next = 0;

        for (size_t i = 0; pattern[i] != 0; i++) {
            if (!(places >> i & 1))
                continue;
            if (pattern[i] == '*')
                next |= UINT64_C(1) << i;
            else if (pattern[i] == '?' || pattern[i] == *name)
                next |= UINT64_C(2) << i;
        }
        places = behind_stars(next, pattern);
    }
    return places >> strlen(pattern) & 1;
}

static struct router_pattern pattern_of(const char *text)
{
    struct router_pattern pattern = {.size = strlen(text)};

    for (size_t i = 0; i < pattern.size; i++) {
        pattern.items[i] = (uint8_t)text[i];
        if (text[i] == '*')
            pattern.items[i] = ROUTER_ANY_BYTES;
        else if (text[i] == '?')
            pattern.items[i] = ROUTER_ANY_BYTE;
    }
    return pattern;
}

const struct router_function_rule *rulebook_rule(const struct rulebook *book,
                                                 const struct rig_setup *setup, const char *name)
{
    for (size_t i = 0; i < book->rule_count; i++)
        if (text_matches(book->matches[i], name))
            return &book->rows[i].rule;
    return &setup->every_function;
}

/* ---- rolling ---- */

static struct router_function_rule roll_rule(struct dice *dice, const struct router_limits *limits,
                                             bool limits_time)
{
    static const uint64_t timeouts_us[] = {0, 0, 2000000, 9000000};
    static const size_t retries[] = {0, 0, 1, 3};
    struct router_function_rule rule = {
        .timeout_us = timeouts_us[dice_roll(dice, 4)],
        .retries = retries[dice_roll(dice, 4)],
        .max_queue = dice_chance(dice, 20) ? 1 + dice_roll(dice, 40) : 0,
        .max_bytes = dice_chance(dice, 20) ? 1 + dice_size(dice, 2 * limits->payload_max) : 0,
        .retry_on_fail = dice_chance(dice, 30)};

    if (!limits_time)
        rule.timeout_us = rule.retries = 0;
    return rule;
}

/* Is it one name, and does no row before match it? */
static bool may_reserve(const struct rulebook *book, const struct rig_setup *setup,
                        const char *text)
{
    return *text != 0 && strpbrk(text, "*?") == NULL &&
           rulebook_rule(book, setup, text) == &setup->every_function;
}

static void roll_row(struct rulebook *book, const struct rig_setup *setup, struct dice *dice,
                     bool limits_time)
{
    static const size_t reserve_sizes[] = {0, 64, 2000, 8000};
    const char *text = roll_text(dice);
    struct router_function_row *row = &book->rows[book->rule_count];
    bool reserves = dice_chance(dice, 70) && may_reserve(book, setup, text);

    *row = (struct router_function_row){.match = pattern_of(text),
                                        .rule = roll_rule(dice, &setup->limits, limits_time)};
    if (reserves) {
        row->rule.reserve = 1 + dice_roll(dice, 4);
        row->rule.reserve_size = reserve_sizes[dice_roll(dice, 4)];
    }
    book->matches[book->rule_count++] = text;
}

void rulebook_roll(struct rulebook *book, struct rig_setup *setup, struct dice *dice,
                   bool limits_time)
{
    size_t rules = dice_chance(dice, 70) ? dice_roll(dice, RULES + 1) : 0;

    *book = (struct rulebook){.pattern_count = PATTERNS};
    setup->every_function = roll_rule(dice, &setup->limits, limits_time);
    while (book->rule_count < rules)
        roll_row(book, setup, dice, limits_time);
    for (size_t i = 0; i < PATTERNS; i++) {
        book->texts[i] = roll_text(dice);
        book->patterns[i] = pattern_of(book->texts[i]);
    }
    setup->functions = book->rows;
    setup->function_count = book->rule_count;
    setup->patterns = book->patterns;
    setup->pattern_count = book->pattern_count;
}
