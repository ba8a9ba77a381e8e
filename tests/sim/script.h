#ifndef SCRIPT_H
#define SCRIPT_H

/*
 * A script as a file: lines of text, `#` begins a comment.
 *
 *     seed 4127
 *     world starved
 *     paced                  time goes by between the steps
 *     find TEXT              what --find looks for
 *     step 17
 *     drain                  from here on submissions are refused
 */
#include <stdio.h>

#include "run.h"

/* Puts what is read into `*script`. Returns NULL, or what is wrong with the file. */
const char *script_read(struct script *script, FILE *file);

/* `finding`, one line, is what the script leads to. */
void script_write(const struct script *script, const char *finding, FILE *file);

void script_add(struct script *script, unsigned long step);

void script_free(struct script *script);

#endif
