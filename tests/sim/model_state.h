#ifndef MODEL_STATE_H
#define MODEL_STATE_H

/* What the files of the model share. */
#include "model.h"

/* Adds to the end of what the actor is going to hear. In a text `|` stands for a NUL. */
struct expected *expect(struct actor *actor, uint32_t type, struct job *job);
void expect_text(struct actor *actor, uint32_t type, struct job *job, const char *rest);

/* An ERROR of that code, whatever its text. */
void expect_error(struct actor *actor, const char *code);

void expected_drop(struct actor *actor, struct expected *expected);

/* The job that GRAB_JOB of this actor must get, or NULL. */
struct job *next_for(const struct model *model, const struct actor *actor);

bool is_able(const struct actor *actor, unsigned function);

#endif
