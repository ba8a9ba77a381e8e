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
static void print_section(struct text *text, const char *name, const struct key_section *section)
{
    char value[SETTING_TEXT_MAX];

    bool begun = false;

    for (const struct config_key_info *info = config_keys(); info->section; info++) {
        if (strcmp(info->section, section->kind) != 0 || info->later)
            continue;
        for (size_t i = 0; i < setting_lines(info->rule, section->values); i++) {
            if (!begun)
                text_add(text, "%s[%s]\n", text->used ? "\n" : "", name);
            begun = true;
            setting_text(info->rule, section->values, i, value);
            text_add(text, "%s = %s\n", info->key, value);
        }
    }
}

size_t config_print(const struct config *config, char *text, size_t room)
{
    struct text out = {.room = room};
    struct config copy = *config; /* sections are found in configs that may be written to */
    struct key_section section;
    char name[32];

    out.bytes = text;
    MUST(key_section_find(&copy, "server", &section));
    print_section(&out, "server", &section);
    MUST(key_section_find(&copy, "limits", &section));
    print_section(&out, "limits", &section);
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        if (copy.pools[i].layout.class_count == 0)
            continue;
        snprintf(name, sizeof name, "pool %s", config_pool_names[i]);
        MUST(key_section_find(&copy, name, &section));
        print_section(&out, name, &section);
    }
    MUST(key_section_find(&copy, "function *", &section));
    print_section(&out, "function *", &section);
    MUST(key_section_find(&copy, "access", &section));
    print_section(&out, "access", &section);
    return out.used;
}
