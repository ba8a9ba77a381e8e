#include "setting.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "grant.h"
#include "values.h"

static const struct value_word log_levels[] = {
    {"error", LOG_LEVEL_ERROR}, {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE},
    {"info", LOG_LEVEL_INFO},   {"debug", LOG_LEVEL_DEBUG},     {NULL, 0}};

static const struct value_word wants[] = {
    {"off", PMAD_OFF}, {"try", PMAD_TRY}, {"require", PMAD_REQUIRE}, {NULL, 0}};

static const struct value_word yes_or_no[] = {{"no", false}, {"yes", true}, {NULL, 0}};

static const char unlimited[] = "unlimited";

/* Says why not; returns false so that it can be returned. */
__attribute__((format(printf, 2, 3))) static bool refuse(char *why, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, SETTING_WHY_MAX, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- numbers, sizes, durations, modes ---- */

/* How a kind of number is called, read and written. */
struct number_kind {
    const char *noun;
    const char *syntax; /* what `noun` looks like, behind its range */
    bool (*read)(const char *text, uint64_t *value);
    char *(*format)(char *into, uint64_t value);
};

static char *format_count(char *into, uint64_t value)
{
    snprintf(into, 24, "%" PRIu64, value);
    return into;
}

static char *format_mode(char *into, uint64_t value)
{
    snprintf(into, 24, "%04" PRIo64, value);
    return into;
}

static const struct number_kind number_kinds[] = {
    [KIND_COUNT] = {"number", "", value_count, format_count},
    [KIND_SIZE] = {"size", " (bytes, or with K, M, G)", value_size, config_format_size},
    [KIND_DURATION] = {"duration", " (with us, ms, s, m, h)", value_duration,
                       config_format_duration},
    [KIND_MODE] = {"mode", " (octal)", value_mode, format_mode}};

static bool read_number(const struct config_rule *rule, const char *text, uint64_t *value,
                        char *why)
{
    const struct number_kind *kind = &number_kinds[rule->kind];
    char min[24], max[24];
    uint64_t number = 0;
    bool read = kind->read(text, &number);

    if (read && ((number >= rule->min && number <= rule->max) || (number == 0 && rule->or_off))) {
        *value = number;
        return true;
    }
    kind->format(min, rule->min);
    kind->format(max, rule->max);
    if (!read)
        return refuse(why, "\"%.64s\" is not a %s; allowed: %s%s to %s%s", text, kind->noun,
                      rule->or_off ? "0 (off) or " : "", min, max, kind->syntax);
    return refuse(why, "%.64s is out of range; allowed: %s%s to %s", text,
                  rule->or_off ? "0 (off) or " : "", min, max);
}

static bool read_tries(const struct config_rule *rule, const char *text, size_t *tries, char *why)
{
    uint64_t number = 0;

    if (strcmp(text, unlimited) != 0 &&
        (!value_count(text, &number) || number < rule->min || number > rule->max))
        return refuse(why, "\"%.64s\" is not a number of workers; allowed: %s, or %d to %d", text,
                      unlimited, (int)rule->min, (int)rule->max);
    *tries = (size_t)number;
    return true;
}

/* ---- words and texts ---- */

static bool read_word(const struct value_word *words, const char *text, int *value, char *why)
{
    char list[64] = "";

    if (value_word(text, words, value))
        return true;
    for (const struct value_word *word = words; word->word; word++) {
        size_t used = strlen(list);

        snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", word->word);
    }
    return refuse(why, "\"%.64s\" is none of: %s", text, list);
}

static const struct text_kind {
    bool (*allowed)(const char *text);
    const char *what;
} text_kinds[] = {
    [KIND_PATH] = {value_path, "a path that can stand in one line"},
    [KIND_NAME] = {value_name, "a name; allowed: letters, digits and . _ - $"},
    [KIND_NODE] = {value_node, "a name; allowed: printable ASCII without blanks, colons and "
                               "semicolons"},
    [KIND_PREFIX] = {value_prefix, "the beginning of a handle; allowed: printable ASCII without "
                                   "blanks, no semicolon in front"},
    [KIND_PATTERN] = {value_pattern, SETTING_PATTERN_SYNTAX},
    [KIND_LISTEN] = {value_address, "an address; allowed: HOST:PORT or [IPV6]:PORT, port 1 to "
                                    "65535"},
};

/* Copies a text of that kind that is no longer than `max` bytes. */
static bool read_text(enum config_kind kind, char *into, const char *text, size_t max, char *why)
{
    size_t size = strlen(text);

    if (!text_kinds[kind].allowed(text))
        return refuse(why, "\"%.64s\" is not %s", text, text_kinds[kind].what);
    if (size > max)
        return refuse(why, "%zu bytes are too long; allowed: %zu", size, max);
    memcpy(into, text, size + 1);
    return true;
}

/* ---- lists ---- */

static bool read_listen(struct config_server *server, const char *text, bool fresh, char *why)
{
    size_t count = fresh ? 0 : server->listen_count;

    if (count == CONFIG_LISTEN_MAX)
        return refuse(why, "more than %d addresses", CONFIG_LISTEN_MAX);
    if (!read_text(KIND_LISTEN, server->listen[count], text, CONFIG_ADDRESS_MAX - 1, why))
        return false;
    server->listen_count = count + 1;
    return true;
}

/* Takes `BLOCK, SHARE` apart. */
static bool read_class_text(const char *text, uint64_t *block_size, uint64_t *share)
{
    char block[32];
    size_t size = strcspn(text, ", \t");
    const char *rest = text + size;

    if (size >= sizeof block)
        return false;
    memcpy(block, text, size);
    block[size] = '\0';
    rest += strspn(rest, " \t");
    if (*rest != ',')
        return false;
    rest++;
    rest += strspn(rest, " \t");
    return value_size(block, block_size) && value_percent(rest, share);
}

static bool read_class(const struct config_rule *rule, struct pmad_layout *layout, const char *text,
                       bool fresh, char *why)
{
    size_t count = fresh ? 0 : layout->class_count;
    uint64_t block_size = 0, share = 0;

    if (!read_class_text(text, &block_size, &share))
        return refuse(why, "\"%.64s\" is not BLOCK, SHARE (bytes of a block, percent of the pool)",
                      text);
    if (count == PMAD_CLASSES_MAX)
        return refuse(why, "more than %d classes", PMAD_CLASSES_MAX);
    if (block_size < rule->min || block_size > rule->max || block_size % PMAD_GRANULARITY != 0)
        return refuse(why, "a block of %" PRIu64 " bytes; allowed: multiples of %d from %d to %d",
                      block_size, PMAD_GRANULARITY, (int)rule->min, (int)rule->max);
    if (share < 1 || share > 100)
        return refuse(why, "a share of %" PRIu64 " percent; allowed: 1 to 100", share);
    if (count > 0 && block_size <= layout->classes[count - 1].block_size)
        return refuse(why, "a block of %" PRIu64 " bytes behind one of %zu; block sizes ascend",
                      block_size, layout->classes[count - 1].block_size);
    layout->classes[count] = (struct pmad_class){(size_t)block_size, (unsigned)share};
    layout->class_count = count + 1;
    return true;
}

static bool read_profile(struct pmad_layout *layout, const char *text, char *why)
{
    const struct pmad_profile *profile = pmad_profile_find(text);
    char list[160] = "";

    if (profile) {
        memcpy(layout->classes, profile->classes, sizeof profile->classes);
        layout->class_count = profile->class_count;
        return true;
    }
    for (profile = pmad_profiles; profile->name; profile++) {
        size_t used = strlen(list);

        snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", profile->name);
    }
    return refuse(why, "\"%.64s\" is none of: %s", text, list);
}

/* ---- one value, whatever it is ---- */

bool setting_read(const struct config_rule *rule, void *values, const char *text, bool fresh,
                  char *why)
{
    void *at = (char *)values + rule->offset;
    uint64_t number = 0;
    int word = 0;

    switch (rule->kind) {
    case KIND_COUNT:
    case KIND_SIZE:
        if (!read_number(rule, text, &number, why))
            return false;
        *(size_t *)at = (size_t)number;
        return true;
    case KIND_DURATION:
        return read_number(rule, text, at, why);
    case KIND_MODE:
        if (!read_number(rule, text, &number, why))
            return false;
        *(unsigned *)at = (unsigned)number;
        return true;
    case KIND_TRIES:
        return read_tries(rule, text, at, why);
    case KIND_YES:
        if (!read_word(yes_or_no, text, &word, why))
            return false;
        *(bool *)at = word != 0;
        return true;
    case KIND_LOG_LEVEL:
        if (!read_word(log_levels, text, &word, why))
            return false;
        *(enum config_log_level *)at = (enum config_log_level)word;
        return true;
    case KIND_WANT:
        if (!read_word(wants, text, &word, why))
            return false;
        *(enum pmad_want *)at = (enum pmad_want)word;
        return true;
    case KIND_PATH:
    case KIND_NAME:
    case KIND_NODE:
    case KIND_PREFIX:
    case KIND_PATTERN:
        return read_text(rule->kind, at, text, rule->max, why);
    case KIND_LISTEN:
        return read_listen(at, text, fresh, why);
    case KIND_CLASS:
        return read_class(rule, at, text, fresh, why);
    case KIND_WHO:
        return grants_read(at, rule->right, text, fresh, why);
    case KIND_PROFILE:
        return read_profile(at, text, why);
    }
    return false;
}

size_t setting_lines(const struct config_rule *rule, const void *values)
{
    const char *at = (const char *)values + rule->offset;

    switch (rule->kind) {
    case KIND_COUNT:
    case KIND_SIZE:
    case KIND_DURATION:
    case KIND_MODE:
    case KIND_TRIES:
    case KIND_YES:
    case KIND_LOG_LEVEL:
    case KIND_WANT:
        return 1;
    case KIND_PATH:
    case KIND_NAME:
    case KIND_NODE:
    case KIND_PREFIX:
    case KIND_PATTERN:
        return *at != '\0';
    case KIND_WHO:
        return ((const struct config_access *)values)->counts[rule->right];
    case KIND_LISTEN:
        return ((const struct config_server *)values)->listen_count;
    case KIND_CLASS:
        return ((const struct pmad_layout *)values)->class_count;
    case KIND_PROFILE:
        return 0;
    }
    return 0;
}

static void word_text(const struct value_word *words, int value, char *into)
{
    while (words->value != value)
        words++;
    snprintf(into, SETTING_TEXT_MAX, "%s", words->word);
}

void setting_text(const struct config_rule *rule, const void *values, size_t index, char *into)
{
    const void *at = (const char *)values + rule->offset;
    const struct pmad_class *class = NULL;

    switch (rule->kind) {
    case KIND_COUNT:
    case KIND_SIZE:
        number_kinds[rule->kind].format(into, *(const size_t *)at);
        break;
    case KIND_DURATION:
        number_kinds[rule->kind].format(into, *(const uint64_t *)at);
        break;
    case KIND_MODE:
        number_kinds[rule->kind].format(into, *(const unsigned *)at);
        break;
    case KIND_TRIES:
        if (*(const size_t *)at == 0)
            snprintf(into, SETTING_TEXT_MAX, "%s", unlimited);
        else
            format_count(into, *(const size_t *)at);
        break;
    case KIND_YES:
        word_text(yes_or_no, *(const bool *)at, into);
        break;
    case KIND_LOG_LEVEL:
        word_text(log_levels, (int)*(const enum config_log_level *)at, into);
        break;
    case KIND_WANT:
        word_text(wants, (int)*(const enum pmad_want *)at, into);
        break;
    case KIND_PATH:
    case KIND_NAME:
    case KIND_NODE:
    case KIND_PREFIX:
    case KIND_PATTERN:
        snprintf(into, SETTING_TEXT_MAX, "%s", (const char *)at);
        break;
    case KIND_LISTEN:
        snprintf(into, SETTING_TEXT_MAX, "%s", ((const struct config_server *)at)->listen[index]);
        break;
    case KIND_CLASS:
        class = &((const struct pmad_layout *)at)->classes[index];
        snprintf(into, SETTING_TEXT_MAX, "%zu, %u", class->block_size, class->share);
        break;
    case KIND_WHO:
        grant_text(&((const struct config_access *)at)->grants[rule->right][index], into);
        break;
    case KIND_PROFILE:
        *into = '\0';
        break;
    }
}
