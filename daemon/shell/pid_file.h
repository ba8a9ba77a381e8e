#ifndef PID_FILE_H
#define PID_FILE_H

/* A file with the number of this process. It is there, whole, or not at all; and it is ours only as
 * long as nobody has put another in its place. */
#include "process.h"

struct pid_file {
    const char *path; /* NULL: none */
    int fd;           /* stays open, so that no other file can pass for it */
};

/*
 * Writes it, for `owner`; an empty path asks for none, and the path is to stay where it is. A file that
 * holds nothing or a number, as one that was left behind does, is replaced; anything else is left
 * alone. Returns 0 or a negative errno, logged.
 */
int pid_file_write(struct pid_file *file, const char *path, const struct process_user *owner);

/* Removes it if it is still ours. */
void pid_file_remove(struct pid_file *file);

#endif
