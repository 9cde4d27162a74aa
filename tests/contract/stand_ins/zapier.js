// Runs the code step of its first argument with what it needs of Zapier's: the store is
// the file of the second argument. Prints what the step hands out.
'use strict';
const { existsSync, readFileSync, writeFileSync } = require('node:fs');

const [code, kept] = process.argv.slice(2);
function StoreClient(secret) {
  const all = () => (existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {});
  return {
    get: async (key) => all()[`${secret} ${key}`] ?? null,
    set: async (key, value) =>
      writeFileSync(kept, JSON.stringify({ ...all(), [`${secret} ${key}`]: value })),
  };
}
const AsyncFunction = (async () => {}).constructor;
const step = new AsyncFunction(
  'inputData', 'StoreClient', `let output;\n${readFileSync(code, 'utf8')}\nreturn output;`,
);
step({ token: process.env.LEADWELL_TOKEN, store: 'a long text' }, StoreClient).then(
  (output) => process.stdout.write(JSON.stringify(output)),
  (error) => { console.error(error); process.exitCode = 1; },
);
