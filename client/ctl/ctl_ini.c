#include "ctl_ini.h"

#include <stdio.h>
#include <string.h>

enum { SIZE_TEXT = 32 };

static const char *const want_words[] = {
    [PMAD_OFF] = "off", [PMAD_TRY] = "try", [PMAD_REQUIRE] = "require"};

void ctl_ini_pool(const struct config *config, enum config_pool_id id)
{
    const struct pmad_layout *layout = &config->pools[id].layout;
    char size[SIZE_TEXT];

    (void)printf("[pool %s]\nsize = %s\n", config_pool_names[id],
                 config_format_size(size, layout->pool_size));
    for (size_t i = 0; i < layout->class_count; i++)
        (void)printf("class = %zu, %u\n", layout->classes[i].block_size, layout->classes[i].share);
    (void)printf("prefault = %s\nlock = %s\nhuge_pages = %s\nexplicit_huge_pages = %s\n",
                 want_words[layout->prefault], want_words[layout->lock],
                 want_words[layout->huge_pages], want_words[layout->explicit_huge_pages]);
}

void ctl_ini_limits(const struct config *config)
{
    static char text[CONFIG_PRINT_MAX];
    const char *line;
    char key[64];

    (void)config_print(config, text, sizeof text);
    line = strstr(text, "[limits]\n");
    for (line = line != NULL ? strchr(line, '\n') + 1 : ""; *line != '\0' && *line != '[';
         line += strcspn(line, "\n"), line += *line == '\n') {
        (void)snprintf(key, sizeof key, "%.*s", (int)strcspn(line, " =\n"), line);
        if (key[0] != '\0' && config_is_given(config, "limits", key))
            (void)printf("%.*s\n", (int)strcspn(line, "\n"), line);
    }
}
