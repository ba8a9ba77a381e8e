#include "judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "function_section.h"
#include "grant.h"
#include "keys.h"
#include "pattern.h"
#include "setting.h"

/* Bytes that a command and its arguments take beside the name of a function. */
enum { TEXT_LINE_ROOM = 64 };

/* Unless it is given, this part of the connections is reserved, if it is less than the default. */
enum { RESERVED_PART = 4 };

/* ---- layouts ---- */

/* Returns the key that a layout is wrong in, with `why` written, or NULL if it can be made. */
static const char *layout_fault(const struct pmad_layout *layout, char *why)
{
    struct pmad_fit fit;
    unsigned share = 0;
    char size[24], size_min[24];

    if (layout->pool_size == 0) {
        snprintf(why, SETTING_WHY_MAX, "missing; a declared pool has a size");
        return "size";
    }
    if (layout->class_count == 0) {
        snprintf(why, SETTING_WHY_MAX, "missing; a declared pool has classes or a profile");
        return "class";
    }
    if (pmad_layout_fit(layout, &fit) == PMAD_OK) {
        if (layout->huge_pages != PMAD_REQUIRE || fit.mapping_size >= PMAD_HUGE_PAGE_SIZE)
            return NULL;
        snprintf(why, SETTING_WHY_MAX,
                 "required for a pool smaller than one; allowed: 2M and more");
        return "huge_pages";
    }
    if (fit.status == PMAD_POOL_TOO_SMALL) {
        snprintf(why, SETTING_WHY_MAX,
                 "%s is too small: class %zu gets no block; the smallest size that would do is %s",
                 config_format_size(size, layout->pool_size),
                 layout->classes[fit.class_at_fault].block_size,
                 config_format_size(size_min, fit.pool_size_min));
        return "size";
    }
    for (size_t i = 0; i < layout->class_count; i++)
        share += layout->classes[i].share;
    if (fit.status == PMAD_SHARES_NOT_100)
        snprintf(why, SETTING_WHY_MAX, "the shares sum to %u percent, not to 100", share);
    else /* about a single class, of which setting_read() lets none pass */
        snprintf(why, SETTING_WHY_MAX, "%s", pmad_strerror(fit.status));
    return "class";
}

void judge_pool(const struct config *config, size_t pool, struct place place,
                struct config_errors *errors)
{
    char why[SETTING_WHY_MAX], section[32];

    place.key = layout_fault(&config->pools[pool].layout, why);
    if (!place.key)
        return;
    snprintf(section, sizeof section, "pool %s", config_pool_names[pool]);
    place.section = section;
    complain(errors, &place, why);
}

/* ---- limits ---- */

static void judge_limits(const struct config *config, struct config_errors *errors)
{
    const struct config_limits *limits = &config->limits;
    size_t least = limits->function_name_max + TEXT_LINE_ROOM;

    if (limits->text_line_max < least)
        complain_about(
            config, errors,
            (struct culprit){"limits", "text_line_max", "limits", "function_name_max"},
            "%zu bytes cannot hold a command about a function whose name has function_name_max "
            "bytes; allowed: %zu and more",
            limits->text_line_max, least);
    if (limits->connections_reserved >= limits->connections)
        complain_about(config, errors,
                       (struct culprit){"limits", "connections_reserved", "limits", "connections"},
                       "%zu is not below connections, which is %zu; allowed: 0 to %zu",
                       limits->connections_reserved, limits->connections, limits->connections - 1);
}

/* ---- functions ---- */

/* A function, and what has been reserved up to it. */
struct trial {
    const struct config *config;
    struct config_errors *errors;
    const struct config_function *function;
    char section[KEY_SECTION_NAME_MAX];
    struct config_pattern pattern;
    size_t reserved_tasks, reserved_names;
};

/* Neither key is said in the section: what is wrong is wrong in [function *], and said there. */
static bool is_inherited(const struct trial *trial, const char *one, const char *other)
{
    return trial->function != &trial->config->every_function &&
           !config_is_given(trial->config, trial->section, one) &&
           !config_is_given(trial->config, trial->section, other);
}

static void judge_retries(const struct trial *trial)
{
    const struct config_function *function = trial->function;
    struct culprit culprit = {trial->section, "retry_on_fail", trial->section, "retries"};

    if (!function->retry_on_fail || function->retries != 0 ||
        is_inherited(trial, culprit.key, culprit.other_key))
        return;
    complain_about(trial->config, trial->errors, culprit,
                   "with retries = unlimited a task that always fails would never end; allowed: "
                   "yes beside 1 to 65535 retries");
}

/* Returns the first section before that of the function whose pattern has that relation to its own, or
 * NULL. */
static const struct config_function *earlier(const struct trial *trial,
                                             bool (*relation)(const struct config_pattern *,
                                                              const struct config_pattern *))
{
    const struct config_function *function = trial->config->functions;
    struct config_pattern pattern;

    for (; function < trial->function; function++) {
        if (config_pattern_read(&pattern, function->match) && relation(&pattern, &trial->pattern))
            return function;
    }
    return NULL;
}

static void judge_match(const struct trial *trial)
{
    const struct config_function *same = earlier(trial, pattern_equals);

    if (same)
        complain_about(trial->config, trial->errors,
                       (struct culprit){trial->section, "match", NULL, NULL},
                       "the same as that of [function %s]; of sections that match a name the first "
                       "counts",
                       same->label);
}

/* A reserve is for one name, and for the section that counts for that. */
static void judge_reserved_name(const struct trial *trial)
{
    struct culprit culprit = {trial->section, "reserve", trial->section, "match"};
    const struct config_function *first;

    if (!config_pattern_is_name(&trial->pattern)) {
        complain_about(trial->config, trial->errors, culprit,
                       "\"%s\" is not the name of one function; allowed: a name without * and ?",
                       trial->function->match);
        return;
    }
    first = earlier(trial, pattern_covers);
    if (first && !earlier(trial, pattern_equals))
        complain_about(trial->config, trial->errors, culprit,
                       "[function %s], which comes before, matches that name, too, and the first "
                       "counts; allowed: in front of it",
                       first->label);
}

static char *format_number(char *into, uint64_t number)
{
    snprintf(into, 24, "%" PRIu64, number);
    return into;
}

/* What a reserve takes, and what it must not be above. */
static void judge_reserve(const struct trial *trial)
{
    const struct config_function *function = trial->function;
    const struct config_limits *limits = &trial->config->limits;
    const bool reserves = function->reserve > 0;
    const struct {
        const char *key;
        uint64_t amount;
        const char *of;
        char *(*format)(char *into, uint64_t amount);
        const char *section, *limit;
        uint64_t most; /* 0: any amount */
    } bounds[] = {
        {"reserve_size", function->reserve_size, "in a body", config_format_size, "limits",
         "payload_max", limits->payload_max},
        {"reserve", function->reserve, "tasks", format_number, trial->section, "max_queue",
         function->max_queue},
        {"reserve", (uint64_t)function->reserve * function->reserve_size, "in bodies",
         config_format_size, trial->section, "max_bytes", function->max_bytes},
        {"reserve", reserves ? trial->pattern.size : 0, "bytes in the name", format_number,
         "limits", "function_name_max", limits->function_name_max},
        {"reserve", reserves ? trial->reserved_tasks : 0,
         "tasks, with those of the sections before,", format_number, "limits", "tasks",
         limits->tasks},
        {"reserve", reserves ? trial->reserved_names : 0,
         "functions, with those of the sections before,", format_number, "limits", "functions",
         limits->functions},
    };
    char amount[24], most[24];

    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        if (bounds[i].most == 0 || bounds[i].amount <= bounds[i].most)
            continue;
        complain_about(
            trial->config, trial->errors,
            (struct culprit){trial->section, bounds[i].key, bounds[i].section, bounds[i].limit},
            "%s %s are above %s, which is %s", bounds[i].format(amount, bounds[i].amount),
            bounds[i].of, bounds[i].limit, bounds[i].format(most, bounds[i].most));
    }
}

static void judge_function(struct trial *trial)
{
    if (!config_pattern_read(&trial->pattern, trial->function->match)) {
        complain_about(trial->config, trial->errors,
                       (struct culprit){trial->section, "match", NULL, NULL},
                       "missing, and the label is not " SETTING_PATTERN_SYNTAX);
        return;
    }
    trial->reserved_tasks += trial->function->reserve;
    trial->reserved_names += trial->function->reserve > 0;
    judge_match(trial);
    judge_retries(trial);
    judge_reserve(trial);
    if (trial->function->reserve > 0)
        judge_reserved_name(trial);
}

static void judge_functions(const struct config *config, struct config_errors *errors)
{
    struct trial trial = {.config = config,
                          .errors = errors,
                          .function = &config->every_function,
                          .section = "function *"};

    judge_retries(&trial);
    for (size_t i = 0; i < config->function_count; i++) {
        trial.function = &config->functions[i];
        snprintf(trial.section, sizeof trial.section, "function %s", trial.function->label);
        judge_function(&trial);
    }
}

/* ---- access ---- */

static void judge_access(const struct config *config, struct config_errors *errors)
{
    static const char *const keys[CONFIG_RIGHTS] = {"submit", "work", "observe", "admin"};
    enum config_right right = CONFIG_SUBMIT;

    if (!grants_fit(&config->access, &right))
        complain_about(config, errors, (struct culprit){"access", keys[right], NULL, NULL},
                       "more than %d different patterns in all lists", CONFIG_PATTERNS_MAX);
}

/* ---- the whole ---- */

static void settle_limits(struct config *config)
{
    struct config_limits *limits = &config->limits;

    if (!config_is_given(config, "limits", "connections_reserved") &&
        limits->connections_reserved > limits->connections / RESERVED_PART)
        limits->connections_reserved = limits->connections / RESERVED_PART;
}

bool config_finish(struct config *config, struct config_errors *errors)
{
    size_t before = errors->count;

    settle_limits(config);
    function_sections_settle(config);
    judge_limits(config, errors);
    /* What was wrong with the rest has been said by then, with its line, and may have left half of it. */
    if (before > 0)
        return errors->count == before;
    judge_functions(config, errors);
    judge_access(config, errors);
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        if (config->pools[i].declared || config->pools[i].layout.class_count > 0)
            judge_pool(config, i, (struct place){"", 0, "", ""}, errors);
    }
    return errors->count == before;
}
