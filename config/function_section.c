#include "function_section.h"

#include <stdio.h>
#include <string.h>

#include "ini_text.h"
#include "pmad_must.h"
#include "setting.h"

static const char every[] = "function *";

/* ---- how they come into being ---- */

/* A label is what a section line can hold, and nobody has to guess its blanks. */
static bool is_label(const char *label)
{
    size_t size = strlen(label);

    if (size == 0 || size > INI_TEXT_SECTION_MAX - strlen("function ") || label[0] == ' ' ||
        label[size - 1] == ' ')
        return false;
    for (const char *at = label; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f || *at == ']' || *at == ';')
            return false;
    }
    return true;
}

/* Makes the section of a label that has none, with what the table of keys says. */
static void make(struct config *config, const char *label)
{
    struct config_function *function = &config->functions[config->function_count++];
    char why[SETTING_WHY_MAX];

    *function = (struct config_function){.retries = 0};
    snprintf(function->label, sizeof function->label, "%s", label);
    snprintf(function->match, sizeof function->match, "%s", label);
    for (const struct config_key_info *key = config_keys(); key->section; key++) {
        if (strcmp(key->section, every) == 0 && key->default_text)
            MUST(setting_read(key->rule, function, key->default_text, true, why));
    }
}

bool function_section_take(struct config *config, const char *name, struct key_section *section,
                           char *why)
{
    const char *label = key_section_label(name);

    if (key_section_find(config, name, section))
        return true;
    if (!label)
        snprintf(why, SETTING_WHY_MAX,
                 "unknown section; there are [server], [limits], [pool tasks], [pool wire], "
                 "[pool workers], [pool runtime], [function *], [function LABEL], [access]");
    else if (!is_label(label))
        snprintf(why, SETTING_WHY_MAX,
                 "not a label; allowed: 1 to 40 printable bytes but ] and ;, no blank at either "
                 "end");
    else if (config->function_count == CONFIG_FUNCTIONS_MAX)
        snprintf(why, SETTING_WHY_MAX, "more than %d sections of single functions",
                 CONFIG_FUNCTIONS_MAX);
    else {
        make(config, label);
        return key_section_find(config, name, section);
    }
    return false;
}

/* ---- what they inherit ---- */

static bool is_given(const struct config *config, size_t index, const struct config_key_info *key)
{
    return config->given.keys[KEY_SECTION_FUNCTIONS + index][key_index(key)] != 0;
}

/* A value travels as it would in a file: as text, which has every kind of it. */
static void inherit(struct config *config, size_t index, const struct config_key_info *key)
{
    char text[SETTING_TEXT_MAX], why[SETTING_WHY_MAX];

    setting_text(key->rule, &config->every_function, 0, text);
    MUST(setting_read(key->rule, &config->functions[index], text, true, why));
}

void function_sections_settle(struct config *config)
{
    for (size_t i = 0; i < config->function_count; i++) {
        struct config_function *function = &config->functions[i];

        for (const struct config_key_info *key = config_keys(); key->section; key++) {
            if (strcmp(key->section, every) == 0 && !key->rule->single && !is_given(config, i, key))
                inherit(config, i, key);
        }
        if (!is_given(config, i, key_find(every, "reserve_size")) &&
            function->reserve_size > config->limits.payload_max)
            function->reserve_size = config->limits.payload_max;
    }
}
