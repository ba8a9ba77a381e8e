// What the scenario programs of this directory share: PROGRAM list | PORT NAME.
'use strict';

// Runs what the command line names. A scenario is an async function of the port; whatever it leaves
// open ends with it, and any error that nobody caught is its failure.
exports.main = function (scenarios) {
    const [, , port, name] = process.argv;

    if (port === 'list') {
        console.log(Object.keys(scenarios).join('\n'));
        return;
    }
    process.on('unhandledRejection', (error) => { throw error; });
    scenarios[name](Number(port)).then(() => process.exit(0));
};

// The next event of this name, as a promise; an `error` meanwhile is one too.
exports.event = function (emitter, name) {
    return new Promise((resolve, reject) => {
        emitter.once(name, resolve);
        if (name !== 'error') {
            emitter.once('error', reject);
        }
    });
};

// What an emitter says, as words in their order: `tell` gives each event's word.
exports.story = function (emitter, tell) {
    const told = [];

    for (const [name, word] of Object.entries(tell)) {
        emitter.on(name, (...data) => told.push([name, word(...data)].filter((x) => x).join(':')));
    }
    return told;
};
