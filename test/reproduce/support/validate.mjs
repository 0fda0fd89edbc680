// What we write, held against schemas by programs of others.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import Ajv04 from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { validateXML } from 'xmllint-wasm';
import { repo, schemas } from '../../tools/lib/paths.mjs';

const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const made = new Map();

/** Makes each validator once. */
function validator(name, make) {
  if (!made.has(name)) made.set(name, make());
  return made.get(name);
}

/** A schema of ours: `config`, `output` or `alert`. Returns what is wrong. */
export function ours(name, data) {
  const validate = validator(name, () => {
    // The numbers' formats name Rust's types.
    const ajv = new Ajv2020({ allErrors: true, validateFormats: false });
    return ajv.compile(read(path.join(repo, `native/cli/schemas/${name}.schema.json`)));
  });
  return validate(data) ? [] : validate.errors;
}

/** The official schema of SARIF 2.1.0. */
export function sarif(data) {
  const validate = validator('SARIF', () => {
    // One of its patterns is none by the rules for Unicode.
    const ajv = new Ajv04({ allErrors: true, strict: false, unicodeRegExp: false });
    addFormats(ajv);
    return ajv.compile(read(schemas.sarif));
  });
  return validate(data) ? [] : validate.errors;
}

/** What Jenkins takes for JUnit's XML, by libxml2. */
export async function junit(xml) {
  const { errors } = await validateXML({
    xml: [{ fileName: 'check.xml', contents: xml }],
    schema: [fs.readFileSync(schemas.junit, 'utf8')],
  });
  return errors;
}

/** A command of GitHub's runner: `::name key=value,key=value::data`, each percent-encoded. */
const COMMAND = /^::(?<name>[a-z-]+)(?: (?<properties>[^:]*))?::(?<data>.*)$/;

/** Reads the commands in what a step printed, as the runner does; a line that begins like one and is none is an error. */
export function annotations(stdout) {
  const decode = (text) =>
    text.replace(/%(25|0D|0A|3A|2C)/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  const lines = stdout.split('\n').filter((line) => line.startsWith('::'));
  return lines.map((line) => {
    const { name, properties = '', data } = COMMAND.exec(line)?.groups ?? assert.fail(`no command: ${line}`);
    const pairs = properties.split(',').map((pair) => {
      const at = pair.indexOf('=');
      assert.ok(at > 0, `no property: ${line}`);
      return [pair.slice(0, at), decode(pair.slice(at + 1))];
    });
    return { name, ...Object.fromEntries(pairs), data: decode(data) };
  });
}

/** The rows of a table in Markdown, without its head; a row of another width is an error. */
export function tableRows(markdown) {
  const lines = markdown.split('\n').filter((line) => line.startsWith('|'));
  const cells = (line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
  const [head, rule, ...rows] = lines.map(cells);
  assert.ok(
    rule.every((cell) => /^-{3,}$/.test(cell)),
    lines[1],
  );
  for (const row of rows) assert.equal(row.length, head.length, row.join(' | '));
  return rows;
}
