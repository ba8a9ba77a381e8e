// node-gearman: one object is client and worker, on one connection or on two.
'use strict';

const assert = require('node:assert/strict');
const { main, event, story } = require('./scenarios.js');
const Gearman = require('node-gearman');

const open = (port) => new Gearman('127.0.0.1', port);

function tellAll(job) {
    return story(job, {
        data: (data) => data.toString(),
        end: () => '',
        error: (error) => error.message,
    });
}

async function result(end, name, payload, options) {
    const job = end.submitJob(name, payload, null, options);
    const told = tellAll(job);

    await event(job, 'end');
    return told;
}

main({
    async a_task_has_a_result(port) {
        open(port).registerWorker('upper', (payload, task) => {
            task.end(payload.toString().toUpperCase());
        });
        assert.deepEqual(await result(open(port), 'upper', 'hello'), ['data:HELLO', 'end']);
    },

    async client_and_worker_share_a_connection(port) {
        const both = open(port);

        both.registerWorker('echo', (payload, task) => task.end(payload));
        assert.deepEqual(await result(both, 'echo', 'round'), ['data:round', 'end']);
    },

    async every_priority_is_answered(port) {
        open(port).registerWorker('echo', (payload, task) => task.end(payload));
        for (const priority of ['high', 'normal', 'low']) {
            assert.deepEqual(await result(open(port), 'echo', priority, { priority }),
                [`data:${priority}`, 'end']);
        }
    },

    async pieces_come_before_the_end(port) {
        open(port).registerWorker('pieces', (payload, task) => {
            task.write('one');
            task.write('two');
            task.end('three');
        });
        assert.deepEqual(await result(open(port), 'pieces', 'x'),
            ['data:one', 'data:two', 'data:three', 'end']);
    },

    async a_failure_is_an_error_event(port) {
        const job = open(port).submitJob('fail', 'x');
        const told = tellAll(job);

        open(port).registerWorker('fail', (payload, task) => task.error());
        await event(job, 'error');
        assert.deepEqual(told, ['error:Job failed']);
    },

    async many_tasks_are_under_way_at_once(port) {
        const client = open(port);
        const numbers = Array.from({ length: 100 }, (_, i) => `${i}`);

        open(port).registerWorker('echo', (payload, task) => task.end(payload));
        open(port).registerWorker('echo', (payload, task) => task.end(payload));
        const told = await Promise.all(numbers.map((n) => result(client, 'echo', n)));
        assert.deepEqual(told, numbers.map((n) => [`data:${n}`, 'end']));
    },

    async a_background_task_is_done_without_its_client(port) {
        const client = open(port);

        client.submitJob('note', 'in the background', null, { background: true });
        const payload = await new Promise((resolve) => {
            open(port).registerWorker('note', (data, task) => {
                task.end();
                resolve(data.toString());
            });
        });
        assert.equal(payload, 'in the background\0'); // the NUL is this package's own
    },

    async equal_unique_ids_share_one_task(port) {
        const [first, second] = [open(port), open(port)];
        const created = (end) => new Promise((resolve) => {
            const receive = end.receive_JOB_CREATED;
            end.receive_JOB_CREATED = function (handle, callback) {
                receive.call(this, handle, callback);
                resolve(handle);
            };
        });
        const handles = [created(first), created(second)];
        const one = first.submitJob('f', 'of the first', 'same');
        const told = tellAll(one);
        await handles[0];
        const two = second.submitJob('f', 'of the second', 'same');
        const heard = tellAll(two);
        assert.equal(await handles[1], await handles[0]);

        open(port).registerWorker('f', (payload, task) => task.end(payload));
        await Promise.all([event(one, 'end'), event(two, 'end')]);
        assert.deepEqual(told, ['data:of the first', 'end']);
        assert.deepEqual(heard, told);
    },

    async a_worker_that_disconnects_gives_its_task_to_the_next(port) {
        const job = open(port).submitJob('f', 'x');
        const told = tellAll(job);
        const worker = open(port);

        await new Promise((resolve) => worker.registerWorker('f', resolve));
        worker.close();
        open(port).registerWorker('f', (payload, task) => task.end('by the next'));
        await event(job, 'end');
        assert.deepEqual(told, ['data:by the next', 'end']);
    },
});
