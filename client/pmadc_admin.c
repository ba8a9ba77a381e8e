#include <string.h>

#include "pmadc_internal.h"

enum { LINE_MAX = 64 * 1024 };

/* How far an answer has been looked through. Offsets count from the beginning of what came in. */
struct answer {
    size_t looked_at; /* the lines before this are none that end it */
    size_t text_size; /* of the whole answer, once it is complete */
    bool complete;
};

static bool begins_with(struct gm_slice line, const char *text)
{
    size_t size = strlen(text);

    return line.size >= size && memcmp(line.bytes, text, size) == 0;
}

/* The lines of a list have TABs in them or begin with a number, so these are no part of one. */
static bool is_whole_answer(struct gm_slice line)
{
    if (line.size > 0 && memchr(line.bytes, '\t', line.size) != NULL)
        return false;
    return gm_slice_equal(line, gm_text("OK")) || begins_with(line, "OK ") ||
           begins_with(line, "ERR ");
}

/* Looks at the lines that have come since the last time. */
static void look(struct answer *answer, const uint8_t *bytes, size_t size)
{
    const uint8_t *lf;

    while (answer->looked_at < size &&
           (lf = memchr(bytes + answer->looked_at, '\n', size - answer->looked_at)) != NULL) {
        struct gm_slice line = {bytes + answer->looked_at, 0};

        line.size = (size_t)(lf - line.bytes);
        if (line.size > 0 && lf[-1] == '\r')
            line.size--;
        if (answer->looked_at == 0 && is_whole_answer(line)) {
            answer->text_size = line.size;
            answer->complete = true;
        } else if (gm_slice_equal(line, gm_text("."))) {
            answer->text_size = answer->looked_at;
            answer->complete = true;
        }
        answer->looked_at = (size_t)(lf - bytes) + 1;
        if (answer->complete)
            return;
    }
}

/* Reads until the answer is complete. A late one could not be told from the next one's. */
static enum pmadc_status await_answer(struct pmadc *client, int64_t deadline, struct answer *answer)
{
    const struct pmadc_buffer *in = &client->in;

    while (!answer->complete) {
        enum pmadc_status status = pmadc_read(client, deadline);

        if (status == PMADC_TIMEOUT)
            return pmadc_die(client, status, "timed out; close the connection");
        if (status != PMADC_OK)
            return status;
        if (in->bytes[in->begin] == '\0')
            return pmadc_die(client, PMADC_PROTOCOL, "the daemon answered a line with a frame");
        look(answer, in->bytes + in->begin, in->end - in->begin);
    }
    return PMADC_OK;
}

/* Moves the answer's text, which gets a NUL behind it, out of what came in. */
static enum pmadc_status take_text(struct pmadc *client, const struct answer *answer)
{
    struct pmadc_buffer *in = &client->in;
    struct pmadc_buffer *text = &client->result;
    enum pmadc_status status;

    text->begin = text->end = 0;
    status = pmadc_reserve(client, text, answer->text_size + 1);
    if (status != PMADC_OK)
        return status;
    memcpy(text->bytes, in->bytes + in->begin, answer->text_size);
    text->bytes[answer->text_size] = '\0';
    in->begin += answer->looked_at;
    if (strlen((const char *)text->bytes) != answer->text_size)
        return pmadc_die(client, PMADC_PROTOCOL, "the daemon sent a NUL in a line of text");
    return PMADC_OK;
}

/* "ERR CODE text", or "ERR text" where gearmand has no code for it. */
static enum pmadc_status refuse(struct pmadc *client, const char *line)
{
    const char *code = line + strlen("ERR ");
    size_t size = strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

    if (size == 0 || (code[size] != ' ' && code[size] != '\0'))
        return pmadc_refuse(client, gm_text("ERR"), gm_text(code));
    return pmadc_refuse(client, (struct gm_slice){(const uint8_t *)code, size},
                        gm_text(code[size] == ' ' ? code + size + 1 : ""));
}

static enum pmadc_status check(struct pmadc *client, const char *line)
{
    size_t size = strlen(line);

    if (size == 0 || size > LINE_MAX || strpbrk(line, "\r\n") != NULL)
        return pmadc_fail(client, PMADC_INVALID,
                          "an administrative line has 1 to %d bytes and no line feed", LINE_MAX);
    if (!TAILQ_EMPTY(&client->questions) || !TAILQ_EMPTY(&client->tasks) ||
        client->round != PMADC_AWAKE)
        return pmadc_fail(client, PMADC_INVALID,
                          "tasks of this connection are unfinished; ask on another");
    if (client->granted > 0 || client->credit_open)
        return pmadc_fail(client, PMADC_INVALID,
                          "tasks come to this connection unasked; ask on another");
    return PMADC_OK;
}

enum pmadc_status pmadc_admin(struct pmadc *client, const char *line, int timeout_ms,
                              const char **text)
{
    int64_t deadline = pmadc_deadline(timeout_ms);
    struct answer answer = {.complete = false};
    struct iovec pieces[2];
    enum pmadc_status status = pmadc_begin(client);

    *text = "";
    if (status == PMADC_OK)
        status = check(client, line);
    if (status != PMADC_OK)
        return status;
    /* An iovec has no const; nothing is written through it. */
    memcpy(&pieces[0].iov_base, &line, sizeof line);
    pieces[0].iov_len = strlen(line);
    pieces[1] = (struct iovec){.iov_base = (char[]){'\n'}, .iov_len = 1};
    status = pmadc_write(client, pieces, 2, deadline);
    if (status == PMADC_OK)
        status = await_answer(client, deadline, &answer);
    if (status == PMADC_OK)
        status = take_text(client, &answer);
    if (status != PMADC_OK)
        return status;
    *text = (const char *)client->result.bytes;
    if (is_whole_answer(gm_text(*text)) && begins_with(gm_text(*text), "ERR "))
        return refuse(client, *text);
    return PMADC_OK;
}
