#ifndef MODEL_STATE_H
#define MODEL_STATE_H

/* What the files of the model share. */
#include "model.h"

/* ---- what is expected (model_expect.c) ---- */

/* Adds to the end of what the actor is going to hear. In a text `|` stands for a NUL. */
struct expected *expect(struct actor *actor, uint32_t type, struct job *job);
struct expected *expect_text(struct actor *actor, uint32_t type, struct job *job, const char *rest);

/* An ERROR of that code, whatever its text. */
struct expected *expect_error(struct actor *actor, const char *code);

/* A line that begins like this. */
struct expected *expect_line(struct actor *actor, const char *start);

void expected_drop(struct actor *actor, struct expected *expected);

void expected_free_all(struct actor *actor);

/* ---- who is woken, what is next (model_worker.c) ---- */

struct ability *ability_of(struct actor *actor, unsigned function);

/* He can do that from now on, or cannot any more. */
void model_can_do(struct model *model, struct actor *actor, unsigned function, uint64_t limit_us);
void model_cannot_do(struct model *model, struct actor *actor, unsigned function);

void model_falls_asleep(struct model *model, struct actor *actor);
void model_wakes_up(struct model *model, struct actor *actor);

/* The job that GRAB_JOB of this actor must get, or NULL. */
struct job *next_for(const struct model *model, const struct actor *actor);

/* Puts a job into his hand. */
void job_assign(struct model *model, struct actor *actor, struct job *job);

/* Puts a job into its queue, and wakes who can do it. */
void job_queue(struct model *model, struct job *job, bool first);

/* Its worker has left, or let its time pass. */
void job_lose_worker(struct model *model, struct job *job);

/* ---- jobs (model.c) ---- */

/* A function that nobody has named. */
struct function_seen model_function_unseen(const struct model *model);

/* One more submission of the actor waits for the job. */
struct listener *listener_add(struct model *model, struct job *job, struct actor *actor);

/* Nobody waits for the job any more. */
void listeners_free(struct job *job);

/* Those of one actor. */
void listeners_leave(struct job *job, const struct actor *actor);

/* Moves a job from one state to another, and with it what is counted and listed by states. */
void job_become(struct model *model, struct job *job, enum job_state state);

/* Puts it into this hand; NULL: into none. */
void job_give(struct job *job, struct actor *holder);

/* The job that this submission joins, or NULL. */
struct job *twin_of(const struct model *model, const struct job *job);

/* Where among BUCKETS something with these bytes belongs. */
size_t bucket_of(const void *bytes, size_t size);

/* Is it in a state in which others can join it? */
bool is_joinable(const struct job *job);

/* Would the one join the other? */
bool is_twin(const struct job *job, const struct job *other);

/* What an assignment as `type` holds behind the handle. */
struct bytes assignment_of(const struct job *job, uint32_t type);

/* The form of JOB_ASSIGN that a GRAB_JOB* gets for this job. */
uint32_t assignment_type(uint32_t grab, const struct job *job);

/* ---- what is told of a job (model_judge.c) ---- */

/* Tells its listeners that it has ended, by WORK_COMPLETE, WORK_FAIL or WORK_EXCEPTION. */
void tell_end(struct model *model, struct job *job, uint32_t type, const struct bytes *data);

/* ---- requests (model_submit.c, model_admin.c) ---- */

/* Returns true if it is refused: known in advance where memory is no question. */
bool submission_begun(struct model *model, struct actor *actor, struct job *job);
void submission_judged(struct model *model, struct actor *actor, struct job *job);
void line_judged(struct model *model, struct actor *actor, const struct request *request);

/* Tasks of a function, running ones included. */
size_t jobs_of_function(const struct model *model, unsigned function);

/* ---- what is heard (model_hear.c, model_ledger.c) ---- */

/* Says who heard what, what was to come, and that it is wrong. */
void disagree(const struct actor *actor, const struct heard_frame *frame, const char *finding);

/* The bytes of a handle at the front of a frame: to its NUL, or all. */
size_t handle_size(const struct heard_frame *frame);

struct job *job_of(const struct model *model, const uint8_t *handle, size_t size);

/* The first who hears a handle tells whose it is; it must be a new one, of the right form. */
void handle_learn(struct model *model, struct job *job, const struct heard_frame *frame);

bool handle_is(const struct job *job, const struct heard_frame *frame);

/* Does a message of that kind follow from what a worker says? */
bool is_event(uint32_t type);

bool fits(const struct expected *expected, const struct heard_frame *frame);

/* It has come. */
void expected_came(struct actor *actor, struct expected *expected, const struct heard_frame *frame);

void heard_for_ledger(struct model *model, struct actor *actor, const struct heard_frame *frame);

#endif
