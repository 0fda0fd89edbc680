// A reporter for node:test which writes nothing but the counts. Suites are not tests; what is skipped or still
// to do neither passed nor failed.
export default async function* tally(events) {
  const counts = { passed: 0, failed: 0 };
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue;
    if (type === 'test:fail') counts.failed += data.todo === undefined ? 1 : 0;
    else if (data.skip === undefined && data.todo === undefined) counts.passed += 1;
  }
  yield JSON.stringify(counts);
}
