/*
 * replay DIRECTORY...: gives a fuzzer's function every file in the directories, as libFuzzer would. Every
 * build can do that, whatever its compiler, so that what a fuzzer has found once stays found. Says which
 * file is next: the last name is that of the one that failed.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

enum { INPUT_MAX = 1 << 20, PATH_SIZE = 4096 };

__attribute__((noreturn)) static void give_up(const char *path, const char *what)
{
    (void)fprintf(stderr, "replay: %s %s\n", path, what);
    exit(EXIT_FAILURE);
}

/* The input is in memory of its own, of just its size, so that a sanitizer sees its ends. */
static void replay_bytes(const uint8_t *bytes, size_t size)
{
    uint8_t *input = malloc(size > 0 ? size : 1);

    if (input == NULL)
        give_up("an input", "does not fit into memory");
    if (size > 0)
        memcpy(input, bytes, size);
    (void)LLVMFuzzerTestOneInput(input, size);
    free(input);
}

static void replay_file(const char *path)
{
    static uint8_t bytes[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    size_t size;

    if (file == NULL)
        give_up(path, "cannot be opened");
    size = fread(bytes, 1, sizeof bytes, file);
    if (ferror(file) || size == sizeof bytes)
        give_up(path, "cannot be read whole");
    (void)fclose(file);
    (void)fprintf(stderr, "%s\n", path);
    replay_bytes(bytes, size);
}

static size_t replay_directory(const char *name)
{
    DIR *directory = opendir(name);
    const struct dirent *entry;
    char path[PATH_SIZE];
    size_t count = 0;

    if (directory == NULL)
        give_up(name, "cannot be opened");
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(path, sizeof path, "%s/%s", name, entry->d_name) >= (int)sizeof path)
            give_up(name, "has a name that is too long");
        replay_file(path);
        count++;
    }
    (void)closedir(directory);
    return count;
}

int main(int count, char **arguments)
{
    size_t replayed = 0;

    for (int i = 1; i < count; i++)
        replayed += replay_directory(arguments[i]);
    printf("%zu inputs\n", replayed);
    return replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
