/* Reading the files of wire vectors: tests/vectors/README.md is what is read here. */
#define _POSIX_C_SOURCE 200809L /* NOLINT(readability-identifier-naming): the name is POSIX's */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gm_packet.h"
#include "talk.h"
#include "vector.h"

enum { LINE_SIZE = 1024, FILE_NAME = 512 };

struct reader {
    const char *file;
    unsigned line;
    struct vectors *into;
    struct vector *vector;   /* NULL: none has begun */
    bool shows_bytes;        /* the last step is a packet: its bytes follow */
    struct vector_wire wire; /* and these have come */
};

static void expect(const struct reader *reader, bool holds, const char *what)
{
    if (holds)
        return;
    driver_failed(text("%s:%u: %s", reader->file, reader->line, what));
    abort(); /* whatever driver_failed is: there is no reading on */
}

/* ---- names ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t word_size(const char *at)
{
    size_t size = 0;

    while (is_word(at[size]))
        size++;
    return size;
}

/* The place of a name in a table, which gets it if it is new. */
static size_t name_place(const struct reader *reader, char (*names)[VECTOR_WORD], size_t *count,
                         size_t most, const char *name, size_t size)
{
    size_t at = 0;

    expect(reader, size > 0 && size < VECTOR_WORD, "a name is missing or too long");
    while (at < *count && (strlen(names[at]) != size || memcmp(names[at], name, size) != 0))
        at++;
    if (at == *count) {
        expect(reader, at < most, "a vector has too many peers or values");
        memcpy(names[at], name, size);
        ++*count;
    }
    return at;
}

/* The value named behind the `$` at `*at`, which moves behind it. */
static size_t value_named(const struct reader *reader, const char **at)
{
    struct vector *vector = reader->vector;
    const char *name = *at + 1;
    size_t size = word_size(name);

    *at = name + size;
    return name_place(reader, vector->values, &vector->value_count, VECTOR_VALUES, name, size);
}

/* ---- bytes ---- */

static void hole_add(const struct reader *reader, struct vector_wire *wire, size_t at, size_t value,
                     bool counts)
{
    expect(reader, wire->hole_count < VECTOR_HOLES, "a step has too many values");
    wire->holes[wire->hole_count++] =
        (struct vector_hole){.at = at, .value = value, .counts = counts};
}

static void byte_add(struct vector_wire *wire, uint8_t byte)
{
    bytes_add(&wire->bytes, &byte, 1);
}

static uint8_t hex_byte(const struct reader *reader, const char **at)
{
    static const char digits[] = "0123456789abcdef";
    const char *high = (*at)[0] != 0 ? strchr(digits, (*at)[0]) : NULL;
    const char *low = high != NULL && (*at)[1] != 0 ? strchr(digits, (*at)[1]) : NULL;

    expect(reader, low != NULL, "two digits of a byte in hexadecimal were expected");
    *at += 2;
    return (uint8_t)((high - digits) * 16 + (low - digits));
}

/* What stands behind a backslash. */
static uint8_t escaped_byte(const struct reader *reader, const char **at)
{
    static const char letters[] = "nrt\\", bytes[] = "\n\r\t\\";
    const char *letter = **at != 0 ? strchr(letters, **at) : NULL;

    if (**at == 'x') {
        ++*at;
        return hex_byte(reader, at);
    }
    expect(reader, letter != NULL, "a backslash is before nothing that it knows");
    ++*at;
    return (uint8_t)bytes[letter - letters];
}

/* The bytes of a text up to `end`; `|` is `bar`. */
static void text_parse(const struct reader *reader, struct vector_wire *wire, const char *at,
                       const char *end, uint8_t bar)
{
    while (at < end) {
        if (*at == '$') {
            hole_add(reader, wire, wire->bytes.size, value_named(reader, &at), false);
        } else if (*at == '\\') {
            at++;
            byte_add(wire, escaped_byte(reader, &at));
        } else {
            byte_add(wire, *at == '|' ? bar : (uint8_t)*at);
            at++;
        }
    }
}

/* One word of hexadecimal: bytes, a value, or a size to which values are added. */
static const char *hex_word_parse(const struct reader *reader, struct vector_wire *wire,
                                  const char *at)
{
    if (*at == '$') {
        hole_add(reader, wire, wire->bytes.size, value_named(reader, &at), false);
        return at;
    }
    while (*at != ' ' && *at != 0 && *at != '+')
        byte_add(wire, hex_byte(reader, &at));
    expect(reader, *at != '+' || wire->bytes.size >= 4, "a size has four bytes");
    while (*at == '+') {
        at++;
        expect(reader, *at == '$', "what is added to a size is the size of a value");
        hole_add(reader, wire, wire->bytes.size - 4, value_named(reader, &at), true);
    }
    return at;
}

static void hex_parse(const struct reader *reader, struct vector_wire *wire, const char *at)
{
    for (;;) {
        while (*at == ' ')
            at++;
        if (*at == 0)
            return;
        at = hex_word_parse(reader, wire, at);
        expect(reader, *at == ' ' || *at == 0, "two words of bytes are not parted");
    }
}

static bool wire_equal(const struct vector_wire *a, const struct vector_wire *b)
{
    if (a->bytes.size != b->bytes.size || a->hole_count != b->hole_count)
        return false;
    for (size_t i = 0; i < a->hole_count; i++)
        if (a->holes[i].at != b->holes[i].at || a->holes[i].value != b->holes[i].value ||
            a->holes[i].counts != b->holes[i].counts)
            return false;
    return a->bytes.size == 0 || memcmp(a->bytes.at, b->bytes.at, a->bytes.size) == 0;
}

/* ---- messages ---- */

static uint32_t type_named(const struct reader *reader, const char *name, size_t size)
{
    for (uint32_t type = 1; type < GM_TYPES; type++)
        if (strlen(gm_packet_name(type)) == size && memcmp(gm_packet_name(type), name, size) == 0)
            return type;
    expect(reader, false, "there is no packet of this name");
    return 0;
}

static void number_add(struct vector_wire *wire, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        byte_add(wire, (uint8_t)(number >> shift));
}

/* NAME ARGUMENTS: the values in the arguments are counted in the header, ahead of them. */
static void packet_parse(const struct reader *reader, struct vector_step *step, const char *at,
                         bool is_request)
{
    size_t name_size = strcspn(at, " ");
    const char *arguments = at[name_size] == ' ' ? at + name_size + 1 : at + name_size;
    struct vector_wire body = {0};
    struct vector_wire *wire = &step->wire;

    step->type = type_named(reader, at, name_size);
    text_parse(reader, &body, arguments, arguments + strlen(arguments), 0);
    bytes_add(&wire->bytes, is_request ? "\0REQ" : "\0RES", 4);
    number_add(wire, step->type);
    number_add(wire, (uint32_t)body.bytes.size);
    for (size_t i = 0; i < body.hole_count; i++)
        hole_add(reader, wire, 8, body.holes[i].value, true);
    for (size_t i = 0; i < body.hole_count; i++)
        hole_add(reader, wire, wire->bytes.size + body.holes[i].at, body.holes[i].value, false);
    bytes_add(&wire->bytes, body.bytes.at, body.bytes.size);
    bytes_free(&body.bytes);
}

static const struct {
    const char *word;
    char way;
    enum vector_verb verb;
} words[] = {{"leaves", '>', VECTOR_LEAVES},
             {"closed", '<', VECTOR_CLOSED},
             {"nothing", '<', VECTOR_NOTHING}};

static void message_parse(struct reader *reader, struct vector_step *step, const char *at, char way)
{
    static const char raw[] = "bytes ";
    size_t size = strlen(at);

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].way == way && strcmp(words[i].word, at) == 0) {
            step->verb = words[i].verb;
            return;
        }
    }
    step->verb = way == '>' ? VECTOR_SENDS : way == '<' ? VECTOR_HEARS : VECTOR_FINDS;
    if (at[0] == '"') {
        expect(reader, size > 1 && at[size - 1] == '"', "a line ends with a quotation mark");
        text_parse(reader, &step->wire, at + 1, at + size - 1, '|');
    } else if (strncmp(at, raw, sizeof raw - 1) == 0) {
        hex_parse(reader, &step->wire, at + sizeof raw - 1);
    } else {
        expect(reader, way != '?', "only lines are looked for");
        packet_parse(reader, step, at, way == '>');
        reader->shows_bytes = true;
    }
}

/* ---- lines ---- */

/* One more of an array of `count`. */
static void *array_grow(void *array, size_t count, size_t size)
{
    uint8_t *grown = heap_take((count + 1) * size);

    if (count > 0)
        memcpy(grown, array, count * size);
    free(array);
    return grown;
}

static char *text_kept(const char *from)
{
    size_t size = strlen(from) + 1;

    return memcpy(heap_take(size), from, size);
}

static void vector_begin(struct reader *reader, const char *name)
{
    struct vectors *into = reader->into;

    into->at = array_grow(into->at, into->count, sizeof *into->at);
    reader->vector = &into->at[into->count++];
    reader->vector->name = text_kept(name);
    reader->vector->file = reader->file;
    reader->vector->line = reader->line;
}

static void step_parse(struct reader *reader, const char *at)
{
    struct vector *vector = reader->vector;
    size_t size = word_size(at);
    struct vector_step *step;

    expect(reader, vector != NULL, "a step of no vector");
    expect(reader, size > 0 && at[size] != 0 && strchr("><?", at[size]) && at[size + 1] == ' ',
           "a step is PEER> MESSAGE, PEER< MESSAGE or PEER? \"LINE\"");
    vector->steps = array_grow(vector->steps, vector->step_count, sizeof *vector->steps);
    step = &vector->steps[vector->step_count++];
    step->line = reader->line;
    step->peer = name_place(reader, vector->peers, &vector->peer_count, VECTOR_PEERS, at, size);
    message_parse(reader, step, at + size + 2, at[size]);
}

/* What the last step says in words and in bytes is the same. */
static void step_check(struct reader *reader)
{
    if (!reader->shows_bytes)
        return;
    expect(reader,
           wire_equal(&reader->wire, &reader->vector->steps[reader->vector->step_count - 1].wire),
           "the bytes above are not those of the packet above");
    bytes_free(&reader->wire.bytes);
    reader->wire = (struct vector_wire){0};
    reader->shows_bytes = false;
}

static void line_parse(struct reader *reader, const char *line)
{
    static const char begin[] = "vector ";
    const char *at = line + strspn(line, " ");

    if (*at == '=') {
        expect(reader, reader->shows_bytes, "bytes of no packet");
        hex_parse(reader, &reader->wire, at + 1);
        return;
    }
    step_check(reader);
    if (*line == '#' || *line == 0)
        return;
    if (strncmp(line, begin, sizeof begin - 1) == 0)
        vector_begin(reader, line + sizeof begin - 1);
    else
        step_parse(reader, line);
}

static void file_read(struct reader *reader, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[LINE_SIZE];

    expect(reader, file != NULL, "cannot be read");
    while (fgets(line, sizeof line, file) != NULL) {
        reader->line++;
        expect(reader, strchr(line, '\n') != NULL, "a line is too long");
        line[strcspn(line, "\n")] = 0;
        line_parse(reader, line);
    }
    step_check(reader);
    (void)fclose(file);
}

/* ---- directories ---- */

static int is_vectors(const struct dirent *entry)
{
    static const char suffix[] = ".vectors";
    size_t size = strlen(entry->d_name);

    return size >= sizeof suffix && strcmp(entry->d_name + size - (sizeof suffix - 1), suffix) == 0;
}

void vectors_read(struct vectors *vectors, const char *directory)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, is_vectors, alphasort);

    *vectors = (struct vectors){0};
    driver_expect(count > 0, "there are no vectors in the directory");
    vectors->files = heap_take((size_t)count * sizeof *vectors->files);
    for (int i = 0; i < count; i++) {
        char *name = text_kept(entries[i]->d_name);
        struct reader reader = {.into = vectors, .file = name};
        char path[FILE_NAME];
        int size = snprintf(path, sizeof path, "%s/%s", directory, name);

        driver_expect(size > 0 && (size_t)size < sizeof path, "the path of a file is too long");
        vectors->files[vectors->file_count++] = name;
        free(entries[i]);
        file_read(&reader, path);
    }
    free(entries);
}

void vectors_free(struct vectors *vectors)
{
    for (size_t i = 0; i < vectors->count; i++) {
        struct vector *vector = &vectors->at[i];

        for (size_t k = 0; k < vector->step_count; k++)
            bytes_free(&vector->steps[k].wire.bytes);
        free(vector->steps);
        free(vector->name);
    }
    for (size_t i = 0; i < vectors->file_count; i++)
        free(vectors->files[i]);
    free(vectors->files);
    free(vectors->at);
    *vectors = (struct vectors){0};
}
