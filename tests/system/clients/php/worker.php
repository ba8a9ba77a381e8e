<?php
// worker.php PORT: does every function of the scenarios, until it is ended from outside.

$worker = new GearmanWorker();
$worker->addServer('127.0.0.1', (int)$argv[1]);

$worker->addFunction('echo', fn($job) => $job->workload());
$worker->addFunction('reverse', fn($job) => strrev($job->workload()));
$worker->addFunction('unique', fn($job) => $job->unique());

$worker->addFunction('report', function ($job) {
    $job->sendStatus(1, 2);
    $job->sendData('piece');
    $job->sendWarning('careful');
    $job->sendComplete('done');
});

$worker->addFunction('fail', function ($job) {
    $job->setReturn(GEARMAN_WORK_FAIL);
});

$worker->addFunction('raise', function ($job) {
    $job->setReturn(GEARMAN_WORK_EXCEPTION);
    $job->sendException('broken');
});

while (true) {
    $worker->work();
}
