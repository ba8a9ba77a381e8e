#include "spool_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const uint8_t magic[8] = {'P', 'M', 'A', 'D', 'S', 'P', 'L', '1'};

enum { SIZE_BYTES = 4, COUNT_BYTES = 8, CRC_BYTES = 4 };

/* ---- numbers ---- */

/* CRC-32C (Castagnoli), four bits at a time. */
static uint32_t crc_of(uint32_t crc, const uint8_t *bytes, size_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };

    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return ~crc;
}

static void put_number(uint8_t *into, uint64_t number, size_t bytes)
{
    while (bytes-- > 0) {
        into[bytes] = (uint8_t)number;
        number >>= 8;
    }
}

static uint64_t get_number(const uint8_t *from, size_t bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | from[i];
    return number;
}

/* ---- writing ---- */

static void flush(struct spool_writer *writer)
{
    size_t done = 0;

    while (done < writer->used && writer->err == 0) {
        ssize_t size = write(writer->fd, writer->buffer + done, writer->used - done);

        if (size > 0)
            done += (size_t)size;
        else if (size == 0)
            writer->err = -ENOSPC;
        else if (errno != EINTR)
            writer->err = -errno;
    }
    writer->used = 0;
}

static bool put(struct spool_writer *writer, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;

    while (size > 0 && writer->err == 0) {
        size_t room = sizeof writer->buffer - writer->used;
        size_t part = size < room ? size : room;

        memcpy(writer->buffer + writer->used, from, part);
        writer->used += part;
        from += part;
        size -= part;
        if (writer->used == sizeof writer->buffer)
            flush(writer);
    }
    return writer->err == 0;
}

void spool_write_begin(struct spool_writer *writer, int fd)
{
    writer->fd = fd;
    writer->err = 0;
    writer->count = 0;
    writer->crc = 0;
    writer->used = 0;
    (void)put(writer, magic, sizeof magic);
}

bool spool_write_frame(struct spool_writer *writer, size_t size)
{
    uint8_t bytes[SIZE_BYTES];

    if (size == 0 || size > UINT32_MAX) {
        writer->err = writer->err == 0 ? -EFBIG : writer->err;
        return false;
    }
    put_number(bytes, size, sizeof bytes);
    writer->crc = 0;
    return spool_write_bytes(writer, bytes, sizeof bytes);
}

bool spool_write_bytes(struct spool_writer *writer, const void *bytes, size_t size)
{
    writer->crc = crc_of(writer->crc, bytes, size);
    return put(writer, bytes, size);
}

bool spool_write_frame_end(struct spool_writer *writer)
{
    uint8_t bytes[CRC_BYTES];

    put_number(bytes, writer->crc, sizeof bytes);
    writer->count++;
    return put(writer, bytes, sizeof bytes);
}

int spool_write_end(struct spool_writer *writer)
{
    uint8_t bytes[SIZE_BYTES + COUNT_BYTES + CRC_BYTES] = {0};

    put_number(bytes + SIZE_BYTES, writer->count, COUNT_BYTES);
    put_number(bytes + SIZE_BYTES + COUNT_BYTES, crc_of(0, bytes, SIZE_BYTES + COUNT_BYTES),
               CRC_BYTES);
    (void)put(writer, bytes, sizeof bytes);
    flush(writer);
    if (writer->err == 0 && fsync(writer->fd) < 0)
        writer->err = -errno;
    return writer->err;
}

/* ---- reading ---- */

static bool fill(struct spool_reader *reader)
{
    ssize_t size;

    do
        size = read(reader->fd, reader->buffer, sizeof reader->buffer);
    while (size < 0 && errno == EINTR);
    if (size < 0 && reader->fault == NULL)
        reader->fault = strerror(errno);
    reader->at = 0;
    reader->end = size > 0 ? (size_t)size : 0;
    return size > 0;
}

/* The next bytes, or as many as there are; NULL: they are only passed over. */
static size_t get(struct spool_reader *reader, uint8_t *into, size_t size)
{
    size_t done = 0;

    while (done < size && (reader->at < reader->end || fill(reader))) {
        size_t there = reader->end - reader->at;
        size_t part = size - done < there ? size - done : there;

        reader->crc = crc_of(reader->crc, reader->buffer + reader->at, part);
        if (into != NULL)
            memcpy(into + done, reader->buffer + reader->at, part);
        reader->at += part;
        done += part;
    }
    reader->position += done;
    return done;
}

static enum spool_item damaged(struct spool_reader *reader, const char *fault)
{
    if (reader->fault == NULL)
        reader->fault = fault;
    return SPOOL_DAMAGED;
}

void spool_read_begin(struct spool_reader *reader, int fd)
{
    uint8_t bytes[sizeof magic];

    reader->fd = fd;
    reader->count = 0;
    reader->offset = 0;
    reader->fault = NULL;
    reader->position = 0;
    reader->left = 0;
    reader->crc = 0;
    reader->at = 0;
    reader->end = 0;
    if (get(reader, bytes, sizeof bytes) < sizeof bytes)
        (void)damaged(reader, "it ends in its first bytes");
    else if (memcmp(bytes, magic, sizeof magic) != 0)
        (void)damaged(reader, "it does not begin as a spool does");
}

size_t spool_read_bytes(struct spool_reader *reader, void *into, size_t size)
{
    size_t done = get(reader, into, size < reader->left ? size : reader->left);

    reader->left -= done;
    return done;
}

/* The checksum of what was read since `crc` was 0. */
static bool is_sound(struct spool_reader *reader)
{
    uint32_t crc = reader->crc;
    uint8_t bytes[CRC_BYTES];

    if (get(reader, bytes, sizeof bytes) < sizeof bytes)
        return damaged(reader, "it ends in the middle") == SPOOL_FRAME;
    if (get_number(bytes, sizeof bytes) != crc)
        return damaged(reader, "the checksum is wrong") == SPOOL_FRAME;
    return true;
}

/* Passes over the rest of a submission. */
static bool finish_frame(struct spool_reader *reader)
{
    if (reader->count == 0)
        return true;
    (void)spool_read_bytes(reader, NULL, reader->left);
    if (reader->left > 0)
        return damaged(reader, "it ends in the middle") == SPOOL_FRAME;
    return is_sound(reader);
}

static enum spool_item read_end(struct spool_reader *reader)
{
    uint8_t bytes[COUNT_BYTES];

    if (get(reader, bytes, sizeof bytes) < sizeof bytes)
        return damaged(reader, "it ends in the middle");
    if (!is_sound(reader))
        return SPOOL_DAMAGED;
    if (get_number(bytes, sizeof bytes) != reader->count)
        return damaged(reader, "submissions are missing");
    if (get(reader, bytes, 1) > 0)
        return damaged(reader, "something stands behind its end");
    return SPOOL_END;
}

enum spool_item spool_read_next(struct spool_reader *reader)
{
    uint8_t bytes[SIZE_BYTES];

    if (reader->fault != NULL || !finish_frame(reader))
        return SPOOL_DAMAGED;
    reader->offset = reader->position;
    reader->crc = 0;
    if (get(reader, bytes, sizeof bytes) < sizeof bytes)
        return damaged(reader, "it ends in the middle");
    reader->left = (size_t)get_number(bytes, sizeof bytes);
    if (reader->left == 0)
        return read_end(reader);
    reader->count++;
    return SPOOL_FRAME;
}
