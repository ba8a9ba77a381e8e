#include "heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_and_abort(const char *finding)
{
    (void)fprintf(stderr, "driver: %s\n", finding);
    abort();
}

void (*driver_failed)(const char *finding) = print_and_abort;

void driver_expect(int holds, const char *finding)
{
    if (!holds)
        driver_failed(finding);
}

void *heap_take(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);

    if (memory == NULL)
        print_and_abort("out of memory");
    return memory;
}

uint8_t *bytes_extend(struct bytes *bytes, size_t size)
{
    size_t forgotten = bytes->at != NULL ? (size_t)(bytes->at - bytes->base) : 0;
    uint8_t *end;

    if (bytes->at == NULL || bytes->room - forgotten - bytes->size < size) {
        size_t room = 2 * (bytes->size + size) + 64;
        uint8_t *wider = heap_take(room);

        if (bytes->at != NULL)
            memcpy(wider, bytes->at, bytes->size);
        free(bytes->base);
        bytes->base = bytes->at = wider;
        bytes->room = room;
    }
    end = bytes->at + bytes->size;
    bytes->size += size;
    return end;
}

void bytes_add(struct bytes *bytes, const void *from, size_t size)
{
    if (size > 0)
        memcpy(bytes_extend(bytes, size), from, size);
}

void bytes_drop(struct bytes *bytes, size_t size)
{
    if (size == 0)
        return;
    bytes->at += size;
    bytes->size -= size;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->base);
    *bytes = (struct bytes){0};
}
