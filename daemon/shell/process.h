#ifndef PROCESS_H
#define PROCESS_H

/* What the process asks of the kernel for itself, once, at start. */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Sets the limit of open descriptors to `count`: so many are needed, and libuv's array of watchers,
 * sized for them, never has to grow. Where the limit is higher and may not be lowered, it stays.
 * Returns 0 or a negative errno, logged with what to do.
 */
int process_allow_descriptors(size_t count);

/* How many there may be at the moment: somebody may have changed it since. */
size_t process_descriptor_limit(void);

/* A descriptor of nothing, to be given up when there are no others. Returns -1 when there is none. */
int process_spare_descriptor(void);

/* A peer that is gone is an error of write(2), not a signal. */
void process_ignore_sigpipe(void);

/*
 * libuv calls abort(3) where the kernel refuses it something in the middle of its work. Until
 * process_is_ready() that becomes one line in the log and exit status 1, as any other refusal to start;
 * from then on the line, and the signal, so that there is a core to look at.
 */
void process_explain_abort(void);
void process_is_ready(void);

/* Fills `seed` with random bytes. Returns 0 or a negative errno, logged. */
int process_seed(uint8_t *seed, size_t size);

/* Whom the process is to become. Where it stays who it is, the ids are those that chown(2) leaves
 * alone. */
struct process_user {
    const char *name; /* the config's; NULL: stays */
    uid_t uid;
    gid_t gid;
};

/* Finds the user `name`; an empty one, or one that the process is already, is nobody to become.
 * Returns 0 or a negative errno, logged: there is no such user, or only root could become it. */
int process_find_user(struct process_user *user, const char *name);

/* Becomes that user with all its groups, and nobody else any more. Returns 0 or a negative errno,
 * logged. */
int process_become(const struct process_user *user);

#endif
