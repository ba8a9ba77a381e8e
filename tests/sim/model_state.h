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

/* ---- what is next (model_worker.c) ---- */

struct ability *ability_of(struct actor *actor, unsigned function);

/* He can do that from now on, or cannot any more. */
void model_can_do(struct model *model, struct actor *actor, unsigned function, uint64_t limit_us);
void model_cannot_do(struct model *model, struct actor *actor, unsigned function);

void model_falls_asleep(struct model *model, struct actor *actor);
void model_wakes_up(struct model *model, struct actor *actor);

/* The job that GRAB_JOB of this actor must get, or NULL. */
struct job *next_for(const struct model *model, const struct actor *actor);

/* Puts a job into his hand, and takes it out of the one it is in. */
void job_assign(struct model *model, struct actor *actor, struct job *job);
void job_let_go(struct model *model, struct job *job);

/* He has answered a job that was taken from him for its time limit. */
void model_answered_late(struct model *model, struct actor *actor);

/* Puts a job into its queue. */
void job_queue(struct model *model, struct job *job, bool first);

/* Its worker is lost, who was `how`. */
void job_lose_worker(struct model *model, struct job *job, const char *how);

/* Something became of tasks or workers of the function. */
void model_touch(struct model *model, unsigned function);

/* ---- who is woken, who is given what (model_match.c) ---- */

/* May he be given one more job, unasked? */
bool has_credit(const struct actor *actor);

void model_set_credit(struct model *model, struct actor *actor, size_t credit);

/* What his credit depends on has changed. */
void model_credit_changed(struct model *model, struct actor *actor);

/* He has not only just got room for one more. */
void actor_unfree(struct model *model, struct actor *actor);

void actor_sleeps(struct model *model, struct actor *actor, enum actor_sleep sleep);
void actor_wake(struct model *model, struct actor *actor, unsigned function);

/* The function that counts on it, if one does, does so no more. */
void actor_forget_woken(struct model *model, struct actor *actor);

/* Tasks of the function have come, or workers for it: model_match() is to look at it. */
void model_stir(struct model *model, unsigned function);

/* Brings together what was noted: behind everything that is done. */
void model_match(struct model *model);

/* ---- jobs (model.c) ---- */

/* A function that nobody has named. */
struct function_seen model_function_unseen(const struct model *model, unsigned function);

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

/* Tells its listeners that it has ended, by WORK_COMPLETE, WORK_FAIL or WORK_EXCEPTION. In whose hand it
 * is, is the caller's. */
void tell_end(struct model *model, struct job *job, uint32_t type, const struct bytes *data);

/* ---- requests (model_submit.c, model_admin.c) ---- */

/* ---- rights (model_rights.c) ---- */

size_t count_actors(const struct model *model);

/* Are the connections left those of the reserve? */
bool only_reserve_is_left(const struct model *model);

/* May he ask this? */
bool is_allowed(const struct model *model, const struct actor *actor,
                const struct request *request);

/* ---- limits (model_limits.c) ---- */

/* The limit that is in the way of a submission, and how much of it is used. */
struct hurdle {
    const char *limit; /* NULL: none is */
    size_t used, of;
};

/* One that is in the way of all such submissions, memory aside. */
struct hurdle hurdle_to_all(const struct model *model, const struct actor *actor,
                            const struct job *job);

/* One of the function's own, for a submission that joins a task or, with NULL, may not join one;
 * `joins` where it may join one that is not known yet. */
struct hurdle hurdle_of_function(const struct model *model, const struct job *job,
                                 const struct job *twin, bool joins);

/* Assignments that may be on their way to somebody, at most. */
size_t count_unheard(const struct model *model);

/* Ledger: notes what can be told from outside of the room there is for a submission. */
void room_note(const struct model *model, struct job *job);

/* Ledger: may a submission be answered like this, because its limit has been met? */
bool is_just_refusal(const struct model *model, const struct job *job,
                     const struct heard_frame *frame);

/* Is it a refusal that names this function? */
bool is_refusal_of(const struct heard_frame *frame, unsigned function);

/* Tasks of a function that may be there, at most. */
struct crowd crowd_of(const struct model *model, unsigned function);

/* Are its arguments such that the core looks at limits? */
bool is_well_formed(const struct job *job);

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
size_t handle_length(const struct heard_frame *frame);

struct job *job_of(const struct model *model, const uint8_t *handle, size_t size);

/* The first who hears a handle tells whose it is; it must be a new one, of the right form. */
void handle_learn(struct model *model, struct job *job, const struct heard_frame *frame);

bool handle_is(const struct job *job, const struct heard_frame *frame);

/* Does a message of that kind follow from what a worker says? */
bool is_event(uint32_t type);

/* Does it assign a task? */
bool is_assignment(uint32_t type);

/* And is it the last about a task? */
bool is_last(uint32_t type);

bool fits(const struct expected *expected, const struct heard_frame *frame);

/* It has come. */
void expected_came(struct actor *actor, struct expected *expected, const struct heard_frame *frame);

void heard_for_ledger(struct model *model, struct actor *actor, const struct heard_frame *frame);

#endif
