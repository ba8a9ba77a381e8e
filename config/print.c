#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "keys.h"
#include "pmad_must.h"
#include "setting.h"

/* A text under way: counts on when there is no more room. */
struct text {
    char *bytes;
    size_t room, used;
};

__attribute__((format(printf, 2, 3))) static void text_add(struct text *text, const char *format,
                                                           ...)
{
    size_t left = text->used < text->room ? text->room - text->used : 0;
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(left ? text->bytes + text->used : NULL, left, format, arguments);
    va_end(arguments);
    text->used += size > 0 ? (size_t)size : 0;
}

/* A section in which nothing is set is left out. */
static void print_section(struct text *text, const struct config *config, const char *name)
{
    char value[SETTING_TEXT_MAX];
    struct key_section section;
    const void *values;
    bool begun = false;

    MUST(key_section_find(config, name, &section));
    values = (const char *)config + section.values;
    for (const struct config_key_info *info = config_keys(); info->section; info++) {
        if (!key_belongs(info, &section))
            continue;
        for (size_t i = 0; i < setting_lines(info->rule, values); i++) {
            if (!begun)
                text_add(text, "%s[%s]\n", text->used ? "\n" : "", name);
            begun = true;
            setting_text(info->rule, values, i, value);
            text_add(text, "%s = %s\n", info->key, value);
        }
    }
}

size_t config_print(const struct config *config, char *text, size_t room)
{
    struct text out = {.room = room};
    char name[KEY_SECTION_NAME_MAX];

    out.bytes = text;
    print_section(&out, config, "server");
    print_section(&out, config, "limits");
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        if (config->pools[i].layout.class_count == 0)
            continue;
        snprintf(name, sizeof name, "pool %s", config_pool_names[i]);
        print_section(&out, config, name);
    }
    print_section(&out, config, "function *");
    for (size_t i = 0; i < config->function_count; i++) {
        snprintf(name, sizeof name, "function %s", config->functions[i].label);
        print_section(&out, config, name);
    }
    print_section(&out, config, "access");
    return out.used;
}
