#define _POSIX_C_SOURCE 200809L /* NOLINT(readability-identifier-naming): the name is libc's */
#include "ini_text.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <string.h>
#include <unistd.h>

#include "pmad_must.h"

#define BLANKS    " \t"
#define KEY_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

_Static_assert(INI_TEXT_LINE_MAX + 2 <= INI_MAX_LINE, "inih would cut such a line");

/* One line, without its end. */
struct line {
    size_t size;                       /* all of it; only what `bytes` has room for is kept */
    char bytes[INI_TEXT_LINE_MAX + 2]; /* room for a CR, which is dropped, and a NUL */
};

struct reader {
    const struct ini_listener *listener;
    int fd;          /* -1: everything is between `at` and `end` */
    int err;         /* negative errno of the first read(2) that failed */
    size_t size;     /* bytes read from `fd` */
    const char *at;  /* bytes that have been read, */
    const char *end; /* and not yet been looked at */
    char buffer[4096];
    size_t line; /* number of the line inih has; it asks for one, then tells what is in it */
    bool lost;   /* the last section line could not be read */
};

/* ---- bytes to lines ---- */

static void fault(const struct reader *reader, size_t line, const char *what)
{
    reader->listener->fault(reader->listener->user, line, what);
}

/* Refills the buffer; false at the end of the text, or of what is read of it. */
static bool fill(struct reader *reader)
{
    ssize_t got;

    if (reader->fd < 0)
        return false;
    if (reader->size > INI_TEXT_FILE_MAX) {
        fault(reader, reader->line + 1, "the file is longer than 1M and not read beyond");
        reader->fd = -1;
        return false;
    }
    do
        got = read(reader->fd, reader->buffer, sizeof reader->buffer);
    while (got < 0 && errno == EINTR);
    if (got <= 0) {
        reader->err = got < 0 ? -errno : 0;
        reader->fd = -1;
        return false;
    }
    reader->size += (size_t)got;
    reader->at = reader->buffer;
    reader->end = reader->buffer + got;
    return true;
}

/* Takes the next line off the text; false when there is none. */
static bool take_line(struct reader *reader, struct line *line)
{
    line->size = 0;
    if (reader->at == reader->end && !fill(reader))
        return false;
    reader->line++;
    while (reader->at < reader->end || fill(reader)) {
        char byte = *reader->at++;

        if (byte == '\n')
            break;
        if (line->size < sizeof line->bytes - 1)
            line->bytes[line->size] = byte;
        line->size++;
    }
    if (line->size > 0 && line->size < sizeof line->bytes && line->bytes[line->size - 1] == '\r')
        line->size--;
    if (line->size < sizeof line->bytes)
        line->bytes[line->size] = '\0';
    return true;
}

/* ---- what a line may be ---- */

/* What follows a section's bracket: nothing, blanks, or a comment behind a blank. */
static bool is_trailer(const char *text)
{
    size_t blanks = strspn(text, BLANKS);

    return text[blanks] == '\0' || (blanks > 0 && text[blanks] == ';');
}

static const char *section_fault(const char *text)
{
    size_t size = strcspn(text + 1, "];");

    if (text[1 + size] != ']')
        return "a section line without its ]";
    if (size == 0)
        return "a section without a name";
    if (size > INI_TEXT_SECTION_MAX)
        return "a section name longer than 49 bytes";
    if (!is_trailer(text + size + 2))
        return "text behind the ] of a section line";
    return NULL;
}

static const char *key_fault(const char *text)
{
    size_t size = strspn(text, KEY_BYTES);

    if (size == 0 || text[size + strspn(text + size, BLANKS)] != '=')
        return "neither `key = value` nor a [section] nor a comment";
    return NULL;
}

/* Returns what is wrong with a line, NULL if nothing is. */
static const char *line_fault(const struct line *line)
{
    if (line->size > INI_TEXT_LINE_MAX)
        return "a line longer than 198 bytes";
    for (size_t i = 0; i < line->size; i++) {
        unsigned char byte = (unsigned char)line->bytes[i];

        if (byte == '\0')
            return "a NUL byte";
        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            return "a control character";
    }
    if (line->bytes[strspn(line->bytes, BLANKS)] == '\0' || strchr(";#", line->bytes[0]))
        return NULL;
    if (strchr(BLANKS, line->bytes[0]))
        return "an indented line; each begins in its first column";
    return line->bytes[0] == '[' ? section_fault(line->bytes) : key_fault(line->bytes);
}

/* True for what was meant to be a section line. */
static bool is_section(const struct line *line)
{
    return line->bytes[strspn(line->bytes, BLANKS)] == '[';
}

static void tell_section(const struct reader *reader, const struct line *line)
{
    char name[INI_TEXT_SECTION_MAX + 1] = {0};

    memcpy(name, line->bytes + 1, strcspn(line->bytes + 1, "]"));
    reader->listener->section(reader->listener->user, reader->line, name);
}

static void drop_byte_order_mark(struct line *line)
{
    static const char mark[] = "\xEF\xBB\xBF";
    size_t size = sizeof mark - 1;

    if (line->size < size || line->size > INI_TEXT_LINE_MAX || memcmp(line->bytes, mark, size) != 0)
        return;
    line->size -= size;
    memmove(line->bytes, line->bytes + size, line->size + 1);
}

/* ---- inih's two ends ---- */

/* The reader of inih, in the manner of fgets(3): one good line, or an empty one in place of a bad one
 * so that inih counts on. */
static char *next_line(char *into, int room, void *stream)
{
    struct reader *reader = stream;
    struct line line;
    const char *what;

    MUST(room > INI_TEXT_LINE_MAX);
    *into = '\0';
    if (!take_line(reader, &line))
        return NULL;
    line.bytes[sizeof line.bytes - 1] = '\0';
    if (reader->line == 1)
        drop_byte_order_mark(&line);
    what = line_fault(&line);
    if (is_section(&line))
        reader->lost = what != NULL;
    if (what)
        fault(reader, reader->line, what);
    else
        memcpy(into, line.bytes, line.size + 1);
    if (!what && is_section(&line))
        tell_section(reader, &line);
    return into;
}

/* inih wants something else than 0 for "go on". */
static int on_value(void *user, const char *section, const char *name, const char *value)
{
    const struct reader *reader = user;

    if (!reader->lost)
        reader->listener->value(reader->listener->user, reader->line, section, name, value);
    return 1;
}

static void read_all(struct reader *reader)
{
    int line = ini_parse_stream(next_line, reader, on_value, reader);

    /* inih and line_fault() must agree about every line; a file over which they do not is refused. */
    if (line != 0)
        fault(reader, (size_t)line, "a line that is not understood");
}

int ini_text_read_file(const char *path, const struct ini_listener *listener)
{
    struct reader reader = {.listener = listener};
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    reader.fd = fd;
    read_all(&reader);
    close(fd);
    return reader.err;
}

void ini_text_read(const char *text, const struct ini_listener *listener)
{
    struct reader reader = {.listener = listener, .fd = -1, .at = text, .end = text + strlen(text)};

    read_all(&reader);
}
