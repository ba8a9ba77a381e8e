// abraxas: client, worker and administrator on one connection, text and binary mixed.
'use strict';

const assert = require('node:assert/strict');
const { main } = require('./scenarios.js');
const { Client } = require('abraxas');

const open = (port, options) =>
    Client.connect({ host: '127.0.0.1', port, defaultEncoding: 'utf8', ...options });

// The status of a task; this package says it to a callback only.
const status = (client, handle) => new Promise((resolve, reject) => {
    client.getStatus(handle, (error, answer) => (error ? reject(error) : resolve(answer)));
});

const upper = (task) => task.payload.toUpperCase();

main({
    async a_task_has_a_result(port) {
        open(port).registerWorker('upper', upper);
        assert.equal(await open(port).submitJob('upper', 'hello'), 'HELLO');
    },

    async client_and_worker_share_a_connection(port) {
        const both = open(port);

        both.registerWorker('upper', upper);
        assert.equal(await both.submitJob('upper', 'round'), 'ROUND');
    },

    async every_priority_is_answered(port) {
        open(port).registerWorker('upper', upper);
        for (const priority of ['high', null, 'low']) {
            assert.equal(await open(port).submitJob('upper', { priority }, `${priority}`),
                `${priority}`.toUpperCase());
        }
    },

    async many_tasks_are_under_way_at_once(port) {
        const client = open(port);
        const words = Array.from({ length: 100 }, (_, i) => `word ${i}`);

        open(port, { maxJobs: 10 }).registerWorker('upper', upper);
        assert.deepEqual(await Promise.all(words.map((word) => client.submitJob('upper', word))),
            words.map((word) => word.toUpperCase()));
    },

    async a_worker_warns_and_says_how_far_it_is(port) {
        const task = open(port).submitJob('slow', 'x');
        const parts = [];
        const warnings = [];

        task.on('status', (part) => parts.push(part));
        task.on('warn', (text) => warnings.push(text));
        open(port).registerWorker('slow', (work) => {
            work.status(0.25);
            work.warn('careful');
            work.status(1);
            work.end('done');
        });
        assert.equal(await task, 'done');
        assert.deepEqual([parts, warnings], [[0.25, 1], ['careful']]);
    },

    // This package asks for exceptions, and sends WORK_FAIL after its own.
    async a_thrown_error_is_an_exception(port) {
        const client = open(port);
        const worker = open(port);

        worker.registerWorker('raise', () => { throw new Error('broken'); });
        worker.registerWorker('upper', upper);
        await assert.rejects(async () => client.submitJob('raise', 'x'), /broken/);
        assert.equal(await client.submitJob('upper', 'alive'), 'ALIVE');
    },

    async a_background_task_has_a_status_until_it_is_finished(port) {
        const client = open(port);
        const worker = open(port);
        const handle = await client.submitJobBg('f', 'x');

        assert.deepEqual(await status(client, handle), { known: 1, running: 0, complete: 0 });
        const task = await new Promise((resolve) => {
            worker.registerWorker('f', (work) => { resolve(work); });
        });
        assert.equal(task.jobid, handle);
        task.status(0.5);
        await worker.echo('judged?');
        assert.deepEqual(await status(client, handle), { known: 1, running: 1, complete: 0.5 });
        task.end('unheard');
    },

    async equal_unique_ids_share_one_task(port) {
        const [first, second] = [open(port), open(port)];
        const one = first.submitJob('upper', { uniqueid: 'same' }, 'of the first');
        await first.echo('created?');
        const two = second.submitJob('upper', { uniqueid: 'same' }, 'of the second');
        await second.echo('created?');

        assert.equal(two.jobid, one.jobid);
        open(port).registerWorker('upper', upper);
        assert.deepEqual([await one, await two], ['OF THE FIRST', 'OF THE FIRST']);
    },

    async an_epoch_task_waits_for_its_second(port) {
        const due = Math.ceil(Date.now() / 1000) + 1;
        const client = open(port);

        await client.submitJobAt('f', due, 'later');
        const when = await new Promise((resolve) => {
            open(port).registerWorker('f', (task) => {
                resolve(Date.now());
                return task.payload;
            });
        });
        assert.ok(when >= due * 1000, `${due * 1000 - when} ms too early`);
    },

    async the_server_can_be_asked_on_the_same_connection(port) {
        const both = open(port);

        both.setClientId('abraxas-1');
        both.registerWorker('upper', upper);
        assert.equal(await both.submitJob('upper', 'a'), 'A');
        const [status] = [].concat(await both.status());
        assert.deepEqual(status,
            { upper: { function: 'upper', inqueue: 0, running: 0, workers: 1 } });
        const workers = await both.workers();
        assert.deepEqual(workers.map((one) => [one.ip, one.clientid, one.functions]),
            [['127.0.0.1', 'abraxas-1', ['upper']]]);
        assert.equal(await both.submitJob('upper', 'b'), 'B');
    },

    async an_echo_comes_back(port) {
        assert.equal(await open(port).echo('any text'), 'any text');
    },
});
