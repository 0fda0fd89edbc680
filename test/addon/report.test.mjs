// A report through the addon: shown before it is saved, saved as it was shown, and without who and where.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { unzip } from '../lib/zip.mjs';
import { reportRequest } from './support/contract.mjs';
import { addon, coreOptions, failure, scratchFolder, value } from './support/core.mjs';
import { INCIDENT, writeIncident } from './support/incident.mjs';

/** A core with one incident, of a workspace with a module in it. */
function withIncident(t) {
  const storage = scratchFolder(t);
  const workspace = fs.mkdtempSync(path.join(scratchFolder(t), 'secret-plan-'));
  fs.writeFileSync(path.join(workspace, 'go.mod'), 'module example.com/secret/plan\n\ngo 1.24\n');
  fs.writeFileSync(path.join(workspace, 'plan.go'), 'package plan\n');
  writeIncident(storage);
  const file = path.join(storage, 'incidents', INCIDENT, 'incident.json');
  const incident = JSON.parse(fs.readFileSync(file, 'utf8'));
  incident.workspace = [workspace];
  incident.request.uri = `file://${workspace}/plan.go`;
  incident.gopls.exe = path.join(os.homedir(), 'go/bin/gopls');
  fs.writeFileSync(file, JSON.stringify(incident));
  const goroutines = `goroutine profile: total 1\n# 0x1 example.com/secret/plan.f ${workspace}/plan.go:1 on burrow-7\n`;
  fs.writeFileSync(path.join(storage, 'incidents', INCIDENT, 'goroutines-3.txt'), goroutines);
  return { core: addon.createCore(coreOptions(storage, { workspace: [workspace] })), storage, workspace };
}

test('what is saved is what was shown, file by file', async (t) => {
  const { core, storage, workspace } = withIncident(t);
  const request = reportRequest(INCIDENT, { host_names: ['burrow-7'] });
  const preview = value(await core.buildReport(request));
  const zip = path.join(storage, 'report.zip');
  const leave_out = ['timeline.json'];
  assert.equal(value(await core.saveReport(preview.report, { page_only: false, leave_out }, zip)), null);
  const files = unzip(zip);
  const expected = preview.files.map(({ name }) => name).filter((name) => !leave_out.includes(name));
  assert.deepEqual([...files.keys()], expected);
  for (const { name, size_bytes, kind } of preview.files) {
    if (leave_out.includes(name)) continue;
    const shown = value(await core.reportText(preview.report, name));
    const saved = kind === 'heap' ? zlib.gunzipSync(files.get(name)) : files.get(name);
    assert.equal(files.get(name).length, size_bytes, name);
    if (kind !== 'heap') assert.equal(saved.toString(), shown, name);
    for (const secret of [workspace, os.homedir() + '/', 'burrow-7', 'secret-plan'])
      assert.ok(!saved.includes(secret), `${secret} in ${name}`);
  }
  assert.match(
    value(await core.reportText(preview.report, 'goroutines-3.txt')),
    /\$WORKSPACE\/plan\.go:1 on host/,
  );
  assert.match(value(await core.reportText(preview.report, 'heap-1.pb.gz')), /inuse_space bytes \d+/);
  assert.deepEqual(
    preview.replaced.filter(({ what }) => what === workspace).map(({ by, times }) => [by, times > 0]),
    [['$WORKSPACE', true]],
  );
});

test('names of modules, packages and files on request', async (t) => {
  const { core } = withIncident(t);
  const { report } = value(await core.buildReport(reportRequest(INCIDENT, { hide_names: true })));
  const goroutines = value(await core.reportText(report, 'goroutines-3.txt'));
  assert.match(goroutines, /module-1\.example\.f \$WORKSPACE\/file-1\.go:1/);
  assert.doesNotMatch(goroutines, /plan/);
  // The same stand-in in every file.
  assert.match(value(await core.reportText(report, 'incident.json')), /\$WORKSPACE\/file-1\.go"/);
});

test('the facts are counted, and what is not known is null', async (t) => {
  const { core } = withIncident(t);
  const about = { editor: 'An editor 1.2', settings: { gopls: { staticcheck: true } } };
  const { report } = value(await core.buildReport(reportRequest(INCIDENT, { about })));
  const facts = JSON.parse(value(await core.reportText(report, 'report.json')));
  assert.equal(facts.workspace.go_files, 1);
  assert.equal(facts.workspace.modules, 1);
  assert.equal(facts.workspace.views, null);
  assert.equal(facts.gopls.build, null, 'there is no such executable');
  assert.deepEqual(facts.editor.settings, { gopls: { staticcheck: true } });
  const issue = value(await core.reportText(report, null));
  assert.match(issue, /1 Go files .* go\.mod files: 1/);
  assert.match(issue, /An editor 1\.2/);
  assert.match(issue, /"staticcheck": true/);
});

test('expected failures are data, and leave nothing behind', async (t) => {
  const { core, storage } = withIncident(t);
  assert.equal(failure(await core.buildReport(reportRequest('no-such'))).code, 'incident-not-found');
  const page = path.join(storage, 'not-ours.html');
  fs.writeFileSync(page, '<html></html>');
  assert.equal(failure(await core.buildReport(reportRequest(INCIDENT, { page }))).code, 'report-page');
  const { report } = value(await core.buildReport(reportRequest(INCIDENT)));
  const whole = { page_only: false, leave_out: [] };
  const save = (number, how, file) => core.saveReport(number, how, file);
  assert.equal(failure(await save(report, whole, 'report.zip')).code, 'invalid-destination');
  assert.equal(failure(await save(report, { ...whole, page_only: true }, page)).code, 'report-file');
  assert.equal(
    failure(await save(report, whole, path.join(storage, 'no/such/r.zip'))).code,
    'storage-failed',
  );
  assert.equal(failure(await core.reportText(report, 'passwd')).code, 'report-file');
  value(await core.buildReport(reportRequest(INCIDENT)));
  assert.equal(failure(await core.reportText(report, null)).code, 'report-outdated');
  assert.deepEqual(fs.readdirSync(storage).sort(), ['incidents', 'not-ours.html']);
});
