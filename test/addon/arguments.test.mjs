// Whatever is passed in: an expected failure comes back as data with a sentence that names it, the calls without an
// outcome throw a plain error, and the process goes on.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { CONTRACT, RIGHT, answersOutcome } from './support/contract.mjs';
import {
  EventLog,
  addon,
  coreOptions,
  eventually,
  failure,
  idleCore,
  scratchFolder,
  value,
} from './support/core.mjs';

const cyclic = {};
cyclic.self = cyclic;
cyclic.incident = cyclic;
let deep = {};
for (let depth = 0; depth < 100_000; depth++) deep = { incident: deep, method: deep };

/** Nothing that any parameter may be. */
const WRONG = {
  undefined: undefined,
  null: null,
  NaN: NaN,
  '-1': -1,
  1.5: 1.5,
  true: true,
  bigint: -(1n << 80n),
  symbol: Symbol('s'),
  'an empty object': {},
  'an object without prototype': Object.create(null),
  'an object with itself inside': cyclic,
  'a hundred thousand objects, one in the other': deep,
  'an array of four thousand million holes': new Array(2 ** 32 - 1),
  'a map': new Map([['incident', 'x']]),
  'bytes that are no text': Buffer.from([0xff, 0xfe]),
};

test('whatever stands where an argument should be: no exception where the contract says Outcome', async (t) => {
  const core = idleCore(t);
  for (const [call, { parameters, types }] of CONTRACT) {
    for (const [index, parameter] of parameters.entries()) {
      for (const [what, wrong] of Object.entries(WRONG)) {
        if (wrong === null && types[index].endsWith('| null')) continue;
        if (wrong === true && types[index] === 'boolean') continue;
        // Settings and fields of a query that are left out have their defaults.
        const optional = parameter === 'settings' || parameter === 'query';
        if (optional && typeof wrong === 'object' && wrong !== null) continue;
        const given = RIGHT[call].with(index, wrong);
        const named = new RegExp(`argument \`${parameter}\`: .*shared/core\\.ts`);
        const where = `${call}(${parameter} = ${what})`;
        if (answersOutcome(call)) {
          const { code, message } = failure(await core[call](...given));
          assert.equal(code, 'invalid-argument', where);
          assert.match(message, named, where);
        } else {
          const thrown = (error) =>
            Object.getPrototypeOf(error) === Error.prototype && named.test(error.message);
          assert.throws(() => core[call](...given), thrown, where);
        }
      }
    }
  }
});

/** Each field of an object argument made wrong in turn. `given` is what the message must quote. */
const WRONG_FIELDS = [
  ['captureNow', 0, { what: 'core-dump' }, 'core-dump'],
  ['captureNow', 0, { what: 'cpu', seconds: 1.5 }, '1.5'],
  ['captureNow', 0, { what: 'cpu', seconds: '5' }, '"5"'],
  ['heapTable', 0, { capture: -1 }, '-1'],
  ['heapTable', 0, { capture: 2 ** 40 }, '1099511627776'],
  ['heapTable', 0, { capture: NaN }, 'NaN'],
  ['heapTable', 0, { capture: '1' }, '"1"'],
  ['heapTable', 0, { incident: 7 }, '7'],
  ['heapTable', 0, { incident: undefined }, 'string'],
  ['heapTable', 1, { sort: 'size' }, 'size'],
  ['heapTable', 1, { sort: '__proto__' }, '__proto__'],
  ['heapTable', 1, { limit: -1 }, '-1'],
  ['heapTable', 1, { offset: Infinity }, 'inf'],
  ['heapTable', 1, { filter: null }, 'string'],
  ['heapDiff', 1, { descending: 'yes' }, '"yes"'],
  ['heapTable', 1, { subsystem: 7 }, '7'],
  ['heapTable', 1, { with_subsystems: 'yes' }, '"yes"'],
  ['subsystems', 1, { sample_type: 7 }, '7'],
  ['icicle', 1, { path: [7] }, '7'],
  ['heapDiff', 1, { by: 'line' }, 'line'],
  ['heapDiff', 2, { incident: 'x', capture: -1 }, '-1'],
  ['flameDiff', 2, { incident: 7, capture: 1 }, '7'],
  ['flame', 1, { direction: 'up' }, 'up'],
  ['flame', 1, { focus: 7 }, '7'],
  ['flame', 1, { path: 'main' }, '"main"'],
  ['flame', 1, { path: [1] }, '1'],
  ['flame', 1, { max_nodes: 1.5 }, '1.5'],
  ['openHeap', 0, { pid: -1 }, '-1'],
  ['openHeap', 0, { bound_ms: 'long' }, '"long"'],
  ['askHeap', 0, { ask: 'strings' }, 'strings'],
  ['askHeap', 0, { ask: 'holds', way: [-1] }, '-1'],
  ['timeline', 0, { points: -5 }, '-5'],
  ['timeline', 0, { from_ns: 'now' }, '"now"'],
  ['timeline', 0, { incident: [] }, 'string'],
];

test('a wrong field is named by its value and by what would be right', async (t) => {
  const core = idleCore(t);
  for (const [call, index, field, quoted] of WRONG_FIELDS) {
    const given = RIGHT[call].with(index, { ...RIGHT[call][index], ...field });
    const { code, message } = failure(await core[call](...given));
    assert.equal(code, 'invalid-argument', message);
    assert.ok(message.includes(quoted), message);
    assert.match(message, /expected/);
  }
});

test('a recording is of 1 to 60 seconds, and nothing else takes any', async (t) => {
  const core = idleCore(t);
  for (const request of [
    { what: 'cpu', seconds: 3600 },
    { what: 'heap-delta', seconds: 0 },
    { what: 'cpu', seconds: null },
    { what: 'heap', seconds: 5 },
  ]) {
    const { code, message } = failure(await core.captureNow(request));
    assert.equal(code, 'invalid-argument', message);
    assert.match(message, /`seconds` must be .* for (cpu|heap|heap-delta)/);
  }
});

test('a stamp takes null for a place that it does not have, and no line that is none', async (t) => {
  const core = idleCore(t);
  value(core.start(() => {}));
  t.after(() => core.stop());
  assert.equal(core.observed('workspace/symbol', null, null), undefined);
  assert.equal(core.observed('textDocument/hover', 'file:///\ud800', 2 ** 32 - 1), undefined);
  for (const line of [2 ** 32, Infinity, '1', new Number(1)]) {
    assert.throws(() => core.observed('textDocument/hover', null, line), /argument `line`/, String(line));
  }
  for (const lag of [-1, NaN, Infinity, 1e12, '100', null])
    assert.throws(() => core.hostLagged(lag), /argument `lagMs`/, String(lag));
});

test('options that cannot be are refused by createCore, which throws', (t) => {
  const storage = scratchFolder(t);
  for (const [field, wrong] of [
    ['host_pid', -1],
    ['host_pid', 2 ** 40],
    ['host_pid', '1'],
    ['storage_dir', undefined],
    ['workspace', '/w'],
    ['workspace', [null]],
    ['log_dirs', {}],
    ['settings', null],
    ['settings', { stall_after_ms: 'soon' }],
  ]) {
    const make = () => addon.createCore(coreOptions(storage, { [field]: wrong }));
    assert.throws(make, /argument `options`: .*expected/, `${field} = ${JSON.stringify(wrong)}`);
  }
  for (const wrong of Object.values(WRONG))
    assert.throws(() => addon.createCore(wrong), /argument `options`/);
});

test('a getter that throws is the caller’s own exception, and the core goes on', (t) => {
  const core = idleCore(t);
  const trap = {
    get incident() {
      throw new RangeError('a trap');
    },
  };
  // Not awaited: the engine hands the exception to the caller as soon as the call returns.
  assert.throws(() => core.heapTable(trap, RIGHT.heapTable[1]), { message: /a trap/ });
  assert.equal(core.status().gopls, null);
});

test('properties that came with the prototype count, those on Object.prototype do no harm', async (t) => {
  const core = idleCore(t);
  const inherited = Object.create({ incident: 'inherited', capture: 1 });
  assert.match(failure(await core.heapTable(inherited, RIGHT.heapTable[1])).message, /inherited/);
  const polluted = JSON.parse('{"__proto__": {"incident": "forged"}, "capture": 1}');
  assert.equal(failure(await core.heapTable(polluted, RIGHT.heapTable[1])).code, 'invalid-argument');
  assert.equal({}.incident, undefined);
});

test('settings out of their range are adjusted, and the answer says which and to what', async (t) => {
  const core = idleCore(t);
  value(core.start(() => {}));
  t.after(() => core.stop());
  const wild = { sample_interval_ms: 0, captures_per_hour: 1e12, stall_after_ms: NaN, poll_idle_ms: 0 };
  const adjusted = core.configure(wild);
  const used = Object.fromEntries(adjusted.map(({ setting, used }) => [setting, used]));
  assert.deepEqual(used, { sample_interval_ms: 10, captures_per_hour: 120, stall_after_ms: 200 });
  const given = adjusted.find(({ setting }) => setting === 'captures_per_hour').given;
  assert.equal(given, 1e12);
  assert.deepEqual(core.configure({ stall_after_ms: 300 }), []);
  assert.deepEqual(core.configure({ unknown_setting: 1 }), []);
});

test('a storage folder that cannot be is told, not thrown', async (t) => {
  const file = path.join(scratchFolder(t), 'a-file');
  fs.writeFileSync(file, '');
  const core = addon.createCore(coreOptions(path.join(file, 'storage')));
  const events = new EventLog();
  value(core.start(events.receive));
  const { note } = await events.until('a problem', (e) => e.kind === 'problem');
  assert.match(String(note.values.error), new RegExp(path.basename(file)));
  assert.match(failure(await core.incidents()).message, new RegExp(path.basename(file)));
  await eventually('a watcher that watches all the same', () => core.status().watching);
  value(await core.stop());
});
