// gearmanode: a client and a worker with a connection each, both in this process.
'use strict';

const assert = require('node:assert/strict');
const { main, event, story } = require('./scenarios.js');

// The package logs all it does, unless its loggers are made by somebody else first.
const winston = require('winston');
for (const name of ['Client', 'Worker', 'JobServer', 'Job', 'protocol', 'LoadBalancer',
    'ServerManager']) {
    winston.loggers.add(name, { console: { level: 'error' } });
}
winston.level = 'error';
const gearmanode = require('gearmanode');

const HOST = '127.0.0.1';
const TEXT = { toStringEncoding: 'utf8' };

function openClient(port) {
    const client = gearmanode.client({ host: HOST, port });

    client.jobServers[0].setMaxListeners(0);
    return client;
}
const openWorker = (port, options) => gearmanode.worker({ host: HOST, port, ...options });

// The result of one task.
async function result(client, name, payload, options) {
    const job = client.submitJob(name, payload, { ...TEXT, ...options });

    await event(job, 'complete');
    return job.response;
}

// Submits, and returns the job when the server has said its handle.
async function created(client, name, payload, options) {
    const job = client.submitJob(name, payload, { ...TEXT, ...options });

    await event(job, 'created');
    return job;
}

// The server has judged all that this worker or client has sent.
async function settle(end) {
    const answer = event(end.jobServers[0], 'echo');

    end.jobServers[0].echo('judged?');
    await answer;
}

async function status(client, job) {
    const answer = event(job, 'status');

    job.getStatus();
    return answer;
}

function tellAll(job) {
    return story(job, {
        created: () => '',
        status: (s) => `${s.percent_done_num}/${s.percent_done_den}`,
        workData: (data) => data,
        warning: (data) => data,
        exception: (data) => data,
        complete: () => job.response,
        failed: () => '',
    });
}

const reverse = (job) => job.workComplete(job.payload.toString().split('').reverse().join(''));
const echo = (job) => job.workComplete(job.payload);

main({
    async every_priority_is_answered(port) {
        const client = openClient(port);

        openWorker(port).addFunction('reverse', reverse);
        for (const priority of ['LOW', 'NORMAL', 'HIGH']) {
            assert.equal(await result(client, 'reverse', priority, { priority }),
                priority.split('').reverse().join(''));
        }
    },

    async high_priority_goes_first(port) {
        const client = openClient(port);
        const jobs = [];
        const order = [];

        for (const priority of ['LOW', 'NORMAL', 'HIGH']) {
            const job = await created(client, 'f', priority, { priority });

            job.on('complete', () => order.push(job.response));
            jobs.push(event(job, 'complete'));
        }
        openWorker(port).addFunction('f', echo);
        await Promise.all(jobs);
        assert.deepEqual(order, ['HIGH', 'NORMAL', 'LOW']);
    },

    // Not more of them: this worker writes twice a task without TCP_NODELAY, and the second write
    // waits for the acknowledgement of the first, some 40 ms.
    async several_tasks_are_under_way_at_once(port) {
        const client = openClient(port);
        const worker = openWorker(port);
        const numbers = Array.from({ length: 25 }, (_, i) => `task ${i}`);

        worker.addFunction('one', echo);
        worker.addFunction('two', echo);
        assert.deepEqual(
            await Promise.all(numbers.map((n, i) => result(client, i % 2 ? 'one' : 'two', n))),
            numbers);
    },

    async a_client_hears_all_that_its_worker_says(port) {
        const job = openClient(port).submitJob('report', 'x', TEXT);
        const told = tellAll(job);

        openWorker(port).addFunction('report', (task) => {
            task.reportStatus(1, 2);
            task.sendWorkData('piece');
            task.reportWarning('careful');
            task.workComplete('done');
        });
        await event(job, 'complete');
        assert.deepEqual(told, ['created', 'status:1/2', 'workData:piece', 'warning:careful',
            'complete:done']);
    },

    async a_failure_is_told_once(port) {
        const client = openClient(port);
        const worker = openWorker(port);
        const job = client.submitJob('fail', 'x', TEXT);
        const told = tellAll(job);

        worker.addFunction('fail', (task) => task.reportError());
        worker.addFunction('echo', echo);
        await event(job, 'failed');
        assert.equal(await result(client, 'echo', 'next'), 'next');
        assert.deepEqual(told, ['created', 'failed']);
    },

    async an_exception_reaches_a_client_that_asked_for_them(port) {
        const client = openClient(port);

        openWorker(port).addFunction('raise', (task) => task.reportException('broken'));
        await created(client, 'raise', 'to connect', { background: true });
        const accepted = event(client.jobServers[0], 'option');
        client.jobServers[0].setOption('exceptions');
        assert.equal(await accepted, 'exceptions');

        const job = client.submitJob('raise', 'x', TEXT);
        const told = tellAll(job);
        await event(job, 'exception');
        await settle(client);
        assert.deepEqual(told, ['created', 'exception:broken']);
    },

    async an_exception_is_a_failure_to_all_others(port) {
        const client = openClient(port);
        const job = client.submitJob('raise', 'x', TEXT);
        const told = tellAll(job);

        openWorker(port).addFunction('raise', (task) => task.reportException('broken'));
        await event(job, 'failed');
        await settle(client);
        assert.deepEqual(told, ['created', 'failed']);
    },

    async a_background_task_has_a_status_until_it_is_finished(port) {
        const client = openClient(port);
        const worker = openWorker(port);
        const job = await created(client, 'f', 'x', { background: true });

        assert.deepEqual(await status(client, job), {
            known: true, running: false, percent_done_num: '0', percent_done_den: '0' });
        const task = await new Promise((resolve) => worker.addFunction('f', resolve));
        assert.equal(task.handle, job.handle);
        task.reportStatus(3, 10);
        await settle(worker);
        assert.deepEqual(await status(client, job), {
            known: true, running: true, percent_done_num: '3', percent_done_den: '10' });
        task.workComplete('unheard');
        await settle(worker);
        assert.deepEqual(await status(client, job), {
            known: false, running: false, percent_done_num: '0', percent_done_den: '0' });
    },

    async equal_unique_ids_share_one_task(port) {
        const [first, second] = [openClient(port), openClient(port)];
        const one = await created(first, 'f', 'of the first', { unique: 'same' });
        const two = await created(second, 'f', 'of the second', { unique: 'same' });
        const seen = [];

        assert.equal(two.handle, one.handle);
        openWorker(port, { withUnique: true }).addFunction('f', (task) => {
            seen.push(task.unique);
            echo(task);
        });
        await Promise.all([event(one, 'complete'), event(two, 'complete')]);
        assert.deepEqual([one.response, two.response, ...seen],
            ['of the first', 'of the first', 'same']);
    },

    async a_slow_workers_task_goes_to_the_next(port) {
        const [slow, next] = [openWorker(port), openWorker(port)];
        const job = openClient(port).submitJob('f', 'x', TEXT);
        const late = await new Promise((resolve) => slow.addFunction('f', resolve, { timeout: 1 }));

        next.addFunction('f', (task) => {
            late.workComplete('too late');
            task.workComplete('in time');
        });
        await event(job, 'complete');
        assert.equal(job.response, 'in time');
    },

    async any_bytes_come_back(port) {
        const bytes = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7) % 256));
        const client = openClient(port);
        // The worker of this package makes text of what it sends back; so it compares itself.
        openWorker(port).addFunction('same', (task) => {
            task.workComplete(String(task.payload.equals(bytes)));
        });
        assert.equal(await result(client, 'same', bytes), 'true');
    },

    async functions_can_be_withdrawn(port) {
        const client = openClient(port);
        const worker = openWorker(port);

        for (const name of ['a', 'b', 'c']) {
            worker.addFunction(name, (task) => task.workComplete(name));
        }
        assert.equal(await result(client, 'a', 'x'), 'a');
        worker.removeFunction('a');
        await settle(worker);
        const left = client.submitJob('a', 'x', { ...TEXT, priority: 'HIGH' });
        const told = tellAll(left);
        assert.equal(await result(client, 'b', 'x', { priority: 'LOW' }), 'b');
        assert.deepEqual(told, ['created']);
        worker.resetAbilities();
        await settle(worker);
        const waiting = tellAll(client.submitJob('c', 'x', TEXT));
        openWorker(port).addFunction('a', (task) => task.workComplete('by another'));
        await event(left, 'complete');
        assert.deepEqual(told, ['created', 'complete:by another']);
        assert.deepEqual(waiting, ['created']);
    },
});
