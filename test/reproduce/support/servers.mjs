// Language servers in the way of an experiment: each is a script called `gopls` in a folder of its own.
import fs from 'node:fs';
import path from 'node:path';

/** What all of them share: messages in, messages out. */
const PRELUDE = `#!/usr/bin/env node
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const frame = (message) => {
  const body = JSON.stringify(message);
  return 'Content-Length: ' + Buffer.byteLength(body) + '\\r\\n\\r\\n' + body;
};
const reader = (take) => {
  let buffer = Buffer.alloc(0);
  return (data) => {
    buffer = Buffer.concat([buffer, data]);
    for (;;) {
      const end = buffer.indexOf('\\r\\n\\r\\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\\d+)/i.exec(buffer.toString('latin1', 0, end))[1]);
      if (buffer.length < end + 4 + length) return;
      const message = JSON.parse(buffer.toString('utf8', end + 4, end + 4 + length));
      buffer = buffer.subarray(end + 4 + length);
      take(message);
    }
  };
};
const tell = (message) => process.stdout.write(frame({ jsonrpc: '2.0', ...message }));
`;

/** A server whose `take(message)` is `body`. Returns its path. */
function script(folder, name, body) {
  const dir = path.join(folder, name);
  fs.mkdirSync(dir, { recursive: true });
  const file = path.join(dir, 'gopls');
  fs.writeFileSync(file, `${PRELUDE}${body}`, { mode: 0o755 });
  return file;
}

/** One that is no gopls at all. */
export const pretending = (folder, name, take) =>
  script(folder, name, `process.stdin.on('data', reader((message) => { ${take} }));\n`);

/** The real gopls behind it; `before(message)` may do something before a message of the client is passed on. */
export const before = (folder, name, { gopls, take }) =>
  script(
    folder,
    name,
    `const real = spawn(${JSON.stringify(gopls)}, process.argv.slice(2), { stdio: ['pipe', 'pipe', 'inherit'] });
real.stdout.pipe(process.stdout);
real.on('exit', (code) => process.exit(code ?? 1));
process.stdin.on('end', () => real.stdin.end());
const pass = (message) => real.stdin.write(frame(message));
process.stdin.on('data', reader((message) => { ${take}; pass(message); }));
`,
  );
