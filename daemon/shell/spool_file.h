#ifndef SPOOL_FILE_H
#define SPOOL_FILE_H

/*
 * The format of a spool: submissions that outlive a restart, each as the frame that makes it.
 *
 *     "PMADSPL1"                     8 bytes
 *     for every submission:
 *         size of the frame          4 bytes, big-endian, as all numbers here
 *         the frame
 *         CRC-32C of both            4 bytes
 *     0                              4 bytes
 *     how many there are             8 bytes
 *     CRC-32C of these two           4 bytes, the last of the file
 *
 * So a spool that was not written to its end is none, and neither is one in which a bit has changed.
 * Writing and reading go by one buffer and take no memory.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPOOL_BUFFER = 65536 };

struct spool_writer {
    int fd;
    int err; /* negative errno of the first call that failed: nothing is written after it */
    uint64_t count;
    uint32_t crc;
    size_t used;
    uint8_t buffer[SPOOL_BUFFER];
};

/* Begins a spool in an empty file that is open for writing, and stays the caller's. */
void spool_write_begin(struct spool_writer *writer, int fd);

/* One submission: its size, then all of its bytes in pieces, then its end. False once something has
 * failed. */
bool spool_write_frame(struct spool_writer *writer, size_t size);
bool spool_write_bytes(struct spool_writer *writer, const void *bytes, size_t size);
bool spool_write_frame_end(struct spool_writer *writer);

/* Ends the spool and waits until it is on the disk. Returns 0 or a negative errno. */
int spool_write_end(struct spool_writer *writer);

enum spool_item {
    SPOOL_FRAME,  /* `left` bytes of a submission follow */
    SPOOL_END,    /* that was the last, and the file ends here */
    SPOOL_DAMAGED /* `fault` says what is wrong at `offset` */
};

struct spool_reader {
    int fd;
    uint64_t count;
    uint64_t offset;   /* of what is being read: the spool's beginning, a submission, the end */
    const char *fault; /* NULL: none so far */
    uint64_t position; /* in the file, of the next byte */
    size_t left;       /* bytes of the submission that have not been read */
    uint32_t crc;
    size_t at, end; /* bytes of the buffer that have not been looked at */
    uint8_t buffer[SPOOL_BUFFER];
};

/* Begins to read a file from where it is; it stays the caller's. */
void spool_read_begin(struct spool_reader *reader, int fd);

/* What comes next. What has not been read of a submission before it is passed over, and its checksum
 * compared. */
enum spool_item spool_read_next(struct spool_reader *reader);

/* The next bytes of the submission, at most `size` and `left`; fewer only where the file ends. */
size_t spool_read_bytes(struct spool_reader *reader, void *into, size_t size);

#endif
