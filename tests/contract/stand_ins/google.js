// Runs the Apps Script of its first argument, with what it needs of Google's services.
// Prints the sheet. The hub is busy at first: two answers are made up here.
'use strict';
const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const vm = require('node:vm');

const busy = [{ status: 429, after: '1' }, { status: 503, after: '2' }];
const slept = [];
const sheets = {};

// Google's call waits for its answer, which fetch of Node.js does not.
const ASK = `
const [url, headers] = JSON.parse(process.argv[1]);
fetch(url, { headers }).then(async (answer) =>
  process.stdout.write(JSON.stringify([answer.status, await answer.text()])));
`;
function fetch(url, options) {
  const made = busy.shift();
  if (made) {
    return response(made.status, '{"detail":"busy"}', { 'Retry-After': made.after });
  }
  const asked = JSON.stringify([url, options.headers]);
  const told = execFileSync(process.execPath, ['-e', ASK, asked], { maxBuffer: 1 << 28 });
  const [status, text] = JSON.parse(told);
  if (status !== 200 && !options.muteHttpExceptions) {
    throw new Error('an exception of Google');
  }
  return response(status, text, {});
}
function response(status, text, headers) {
  return {
    getResponseCode: () => status,
    getContentText: () => text,
    getHeaders: () => headers,
  };
}

// A sheet keeps what is written; an apostrophe at the front says that the rest is text.
function sheet() {
  let rows = 20;
  let columns = 5;
  const self = { cells: [], frozen: 0 };
  return Object.assign(self, {
    getMaxRows: () => rows,
    getMaxColumns: () => columns,
    insertRowsAfter: (at, many) => { rows += at === rows ? many : NaN; },
    insertColumnsAfter: (at, many) => { columns += at === columns ? many : NaN; },
    clearContents: () => { self.cells = []; },
    setFrozenRows: (many) => { self.frozen = many; },
    getRange: (row, column, high, wide) => ({
      setValues: (values) => {
        const fits = row === 1 && column === 1 && high <= rows && wide <= columns;
        const even = values.length === high && values.every((x) => x.length === wide);
        if (!fits || !even) {
          throw new Error('the range does not fit');
        }
        self.cells = values.map((line) => line.map((value) => {
          // Of this Sheets makes a date, and is meant to.
          const isDate = /^\d{4}-\d\d-\d\d$/.test(value);
          if (typeof value !== 'string' || value === '' || isDate) {
            return value;
          }
          if (value[0] !== "'") {
            throw new Error('Sheets would make something else of ' + value);
          }
          return value.slice(1);
        }));
      },
    }),
  });
}

const context = vm.createContext({
  UrlFetchApp: { fetch },
  Utilities: { sleep: (ms) => slept.push(ms) },
  LockService: {
    getScriptLock: () => ({ tryLock: () => true, releaseLock: () => {} }),
  },
  PropertiesService: {
    getScriptProperties: () => ({ getProperty: (name) => process.env[name] ?? null }),
  },
  SpreadsheetApp: {
    getActiveSpreadsheet: () => ({
      getSheetByName: (name) => sheets[name] ?? null,
      insertSheet: (name) => (sheets[name] = sheet()),
    }),
  },
});
vm.runInContext(readFileSync(process.argv[2], 'utf8'), context);
vm.runInContext('refreshLeads(); refreshLeads();', context);
process.stdout.write(JSON.stringify({ slept, ...sheets.Leads }));
