<?php
// scenarios.php list | PORT NAME: what PHP's GearmanClient and GearmanWorker may expect.

const PATIENCE_MS = 30000;

$port = (int)$argv[1];

function is($got, $wanted): void
{
    if ($got === $wanted) {
        return;
    }
    $line = debug_backtrace()[0]['line'];
    fprintf(STDERR, "line %d: %s is not %s\n", $line, var_export($got, true),
        var_export($wanted, true));
    exit(1);
}

function client(): GearmanClient
{
    global $port;
    $client = new GearmanClient();
    $client->addServer('127.0.0.1', $port);
    $client->setTimeout(PATIENCE_MS);
    return $client;
}

// A worker of the scenario's own, which does one task whenever work() is called.
function worker(): GearmanWorker
{
    global $port;
    $worker = new GearmanWorker();
    $worker->addServer('127.0.0.1', $port);
    $worker->setTimeout(PATIENCE_MS);
    return $worker;
}

// A second PHP, which does every function of worker.php.
function start_worker(): void
{
    global $port;
    static $processes = [];
    $processes[] = proc_open([PHP_BINARY, __DIR__ . '/worker.php', (string)$port],
        [STDIN, STDOUT, STDERR], $pipes);
}

// What the callbacks of a client are told, task by task: a list of words for each context.
function tell(GearmanClient $client): ArrayObject
{
    $told = new ArrayObject();
    $tell = fn($word, $what) => function ($task, $context = '') use ($told, $word, $what) {
        $told[$context] = trim(($told[$context] ?? '') . " $word" . $what($task));
    };
    $data = fn($task) => ':' . $task->data();
    $nothing = fn($task) => '';
    $client->setCreatedCallback($tell('created', $nothing));
    $client->setDataCallback($tell('data', $data));
    $client->setWarningCallback($tell('warning', $data));
    $client->setStatusCallback($tell('status',
        fn($task) => ":{$task->taskNumerator()}/{$task->taskDenominator()}"));
    $client->setCompleteCallback($tell('complete', $data));
    $client->setExceptionCallback($tell('exception', $data));
    $client->setFailCallback($tell('fail', $nothing));
    return $told;
}

$scenarios = [
    'every_priority_is_answered' => function () {
        start_worker();
        $client = client();
        is($client->doNormal('reverse', 'normal'), 'lamron');
        is($client->returnCode(), GEARMAN_SUCCESS);
        is($client->doHigh('reverse', 'high'), 'hgih');
        is($client->doLow('reverse', 'low'), 'wol');
    },

    'high_priority_goes_first' => function () {
        $client = client();
        $order = [];
        $client->doLowBackground('f', 'low');
        $client->doBackground('f', 'normal');
        $client->doHighBackground('f', 'high');
        $worker = worker();
        $worker->addFunction('f', function ($job) use (&$order) {
            $order[] = $job->workload();
        });
        for ($i = 0; $i < 3; $i++) {
            is($worker->work(), true);
        }
        is($order, ['high', 'normal', 'low']);
    },

    'any_bytes_of_any_size_come_back' => function () {
        start_worker();
        $client = client();
        $bytes = implode('', array_map('chr', range(0, 255)));
        foreach ([1, 32, 1024, 4096] as $times) {
            $data = str_repeat($bytes, $times);
            is($client->doNormal('echo', $data) === $data, true);
        }
    },

    'a_background_task_has_a_status_until_it_is_finished' => function () {
        $client = client();
        $handle = $client->doBackground('f', 'x');
        is($client->returnCode(), GEARMAN_SUCCESS);
        is($client->jobStatus($handle), [true, false, 0, 0]);
        $worker = worker();
        $seen = null;
        $worker->addFunction('f', function ($job) use ($worker, $client, $handle, &$seen) {
            is($job->handle(), $handle);
            $job->sendStatus(3, 10);
            $worker->ping('judged?');
            $seen = $client->jobStatus($handle);
        });
        is($worker->work(), true);
        is($seen, [true, true, 3, 10]);
        $worker->ping('judged?');
        is($client->jobStatus($handle), [false, false, 0, 0]);
    },

    'a_unique_key_finds_its_task' => function () {
        $client = client();
        $client->doBackground('f', 'x', 'mine');
        is(client()->jobStatusByUniqueKey('mine'), [true, false, 0, 0]);
        $worker = worker();
        $worker->addFunction('f', fn($job) => is($job->unique(), 'mine'));
        is($worker->work(), true);
        $worker->ping('judged?');
        is(client()->jobStatusByUniqueKey('mine'), [false, false, 0, 0]);
    },

    'tasks_tell_their_story' => function () {
        start_worker();
        $client = client();
        $told = tell($client);
        foreach (['echo', 'report', 'fail', 'reverse'] as $function) {
            $client->addTask($function, "to $function", $function);
        }
        $client->runTasks();
        is($told['echo'], 'created complete:to echo');
        is($told['report'], 'created status:1/2 data:piece warning:careful complete:done');
        is($told['fail'], 'created fail');
        is($told['reverse'], 'created complete:esrever ot');
    },

    'hundreds_of_tasks_run_at_once' => function () {
        start_worker();
        start_worker();
        $client = client();
        $told = tell($client);
        for ($i = 0; $i < 300; $i++) {
            $client->{['addTask', 'addTaskHigh', 'addTaskLow'][$i % 3]}('echo', "task $i", "c$i");
        }
        is($client->runTasks(), true);
        for ($i = 0; $i < 300; $i++) {
            is($told["c$i"], "created complete:task $i");
        }
    },

    'background_tasks_are_only_created' => function () {
        $client = client();
        $told = tell($client);
        $client->addTaskBackground('echo', 'x', 'normal');
        $client->addTaskHighBackground('echo', 'x', 'high');
        $client->addTaskLowBackground('echo', 'x', 'low');
        is($client->runTasks(), true);
        $told->ksort();
        is($told->getArrayCopy(), ['high' => 'created', 'low' => 'created', 'normal' => 'created']);
    },

    'equal_unique_keys_share_one_task' => function () {
        $client = client();
        $told = tell($client);
        $done = 0;
        $client->addTask('f', 'x', 'one', 'same');
        $client->addTask('f', 'x', 'two', 'same');
        $client->addOptions(GEARMAN_CLIENT_NON_BLOCKING);
        while (count($told) < 2) {
            $client->runTasks();
            if (count($told) < 2) {
                $client->wait();
            }
        }
        $worker = worker();
        $worker->addFunction('f', function ($job) use (&$done) {
            return 'done ' . ++$done;
        });
        is($worker->work(), true);
        while ($client->runTasks() && $client->returnCode() === GEARMAN_IO_WAIT) {
            $client->wait();
        }
        is($client->returnCode(), GEARMAN_SUCCESS);
        is($told['one'], 'created complete:done 1');
        is($told['two'], 'created complete:done 1');
    },

    'a_failure_is_a_return_code' => function () {
        start_worker();
        $client = client();
        $client->doNormal('fail', 'x');
        is($client->returnCode(), GEARMAN_WORK_FAIL);
        is($client->doNormal('echo', 'next'), 'next');
    },

    'an_exception_reaches_its_callback' => function () {
        start_worker();
        $client = client();
        is($client->enableExceptionHandler(), true);
        $told = tell($client);
        $client->addTask('raise', 'x', 'raise');
        $client->runTasks();
        is($told['raise'], 'created exception:broken');
    },

    'an_exception_is_a_return_code' => function () {
        start_worker();
        $client = client();
        @$client->doNormal('raise', 'x');
        is($client->returnCode(), GEARMAN_WORK_EXCEPTION);
        is($client->doNormal('echo', 'next'), 'next');
    },

    'the_pieces_of_a_result_are_put_together' => function () {
        start_worker();
        is(client()->doNormal('report', 'x'), 'piecedone');
    },

    'a_client_without_a_worker_gives_up_after_its_timeout' => function () {
        $client = client();
        $client->setTimeout(100);
        @$client->doNormal('nobody', 'x');
        is($client->returnCode(), GEARMAN_TIMEOUT);
    },

    'a_slow_workers_task_goes_to_the_next' => function () {
        $client = client();
        $client->doBackground('f', 'x');
        $slow = worker();
        $next = worker();
        $done = [];
        $next->addFunction('f', function ($job) use (&$done) {
            $done[] = $job->handle();
        });
        $slow->addFunction('f', function ($job) use ($next, &$done) {
            is($next->work(), true);
            is($done, [$job->handle()]);
        }, null, 1);
        is($slow->work(), true);
    },

    'both_ends_can_ask_for_an_echo' => function () {
        is(client()->ping("any bytes\0"), true);
        is(worker()->ping("any bytes\0"), true);
    },
];

if ($argv[1] === 'list') {
    echo implode("\n", array_keys($scenarios)), "\n";
} else {
    $scenarios[$argv[2]]();
}
