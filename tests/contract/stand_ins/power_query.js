// Reads each file of its arguments with Microsoft's parser of Power Query M.
'use strict';
const { readFileSync } = require('node:fs');
const pq = require('@microsoft/powerquery-parser');

async function read(path) {
  const text = readFileSync(path, 'utf8');
  const task = await pq.TaskUtils.tryLexParse(pq.DefaultSettings, text);
  if (task.stage !== 'Parse' || task.resultKind !== 'Ok') {
    console.error(path, task.stage, task.error && task.error.message);
    process.exitCode = 1;
  }
}
Promise.all(process.argv.slice(2).map(read));
