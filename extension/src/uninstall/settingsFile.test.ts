import assert from 'node:assert/strict';
import test from 'node:test';
import { withoutOurFlag } from './settingsFile';

const OURS = '"-otel=http://127.0.0.1:21234/stallscope"';
const file = (list: string) => `{
  // what I like
  "editor.fontSize": 13, /* big */
  "go.languageServerFlags": ${list},
  "gopls": { "staticcheck": true, },
}
`;

test('one element goes and everything else stays, to the byte', () => {
  for (const [before, after] of [
    [`[${OURS}, "-rpc.trace"]`, '["-rpc.trace"]'],
    [`["-rpc.trace", ${OURS}]`, '["-rpc.trace"]'],
    [`["-a", ${OURS}, "-b"]`, '["-a", "-b"]'],
    [`[${OURS}]`, '[]'],
    [`[${OURS},]`, '[]'],
    [`["-a", ${OURS},]`, '["-a",]'],
    [`[${OURS}, "-a", ${OURS}]`, '["-a"]'],
    [`[${OURS}, // about it\n "-a"]`, '[// about it\n "-a"]'],
    [`["-a", // a\n ${OURS}]`, '["-a" // a\n ]'],
  ] as const) {
    assert.equal(withoutOurFlag(file(before)), file(after));
  }
});

test('comments within the list survive', () => {
  const changed = withoutOurFlag(file(`[\n    // mine\n    "-rpc.trace",\n    ${OURS}\n  ]`));
  assert.match(changed ?? '', /\/\/ mine\n {4}"-rpc.trace"/);
  assert.doesNotMatch(changed ?? '', /otel/);
});

test('what is not ours, or not sure, is not touched', () => {
  for (const text of [
    file('["-otel=http://localhost:4318"]'),
    file('["-rpc.trace"]'),
    file(OURS),
    file('null'),
    `// ${OURS}\n{}`,
    '{}',
    '',
    'not json',
    // Broken: one brace is missing.
    file(`[${OURS}]`).replace('staticcheck": true, }', 'staticcheck": true, '),
  ]) {
    assert.equal(withoutOurFlag(text), undefined, text);
  }
});
