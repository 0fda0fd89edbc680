// A reporter for node:test which writes nothing but the counts, and in which files tests have failed. Suites are not tests; what is skipped or still
// to do neither passed nor failed.
export default async function* tally(events) {
  const counts = { passed: 0, failed: 0, failedFiles: [] };
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue;
    if (type === 'test:fail' && data.todo === undefined) {
      counts.failed += 1;
      if (data.file && !counts.failedFiles.includes(data.file)) counts.failedFiles.push(data.file);
    } else if (type === 'test:pass' && data.skip === undefined && data.todo === undefined) counts.passed += 1;
  }
  yield JSON.stringify(counts);
}
