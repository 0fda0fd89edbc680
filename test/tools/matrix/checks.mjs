// What has to hold on every version of gopls, judged by the client's own clock and by `go version`, not by what the
// watcher says of itself.
import assert from 'node:assert/strict';

const FOUND_WITHIN_MS = 1_000;
/** How far the duration may be off where gopls tells it itself. */
const EXACT_SHARE = 0.2;
/** And where it is read off two pages, each of which a busy gopls may answer late. */
const READ_OFF_MS = 300;
/** Between the editor's clock and gopls's lie two pipes and a busy machine. */
const TRANSPORT_MS = 100;

/** gopls counts completed requests since v0.22; before, only replies tell that a request has ended. */
export const expectedSource = (version) =>
  Number(/^v0\.(\d+)\./.exec(version)[1]) >= 22 ? 'counters' : 'replies';

/** Title → check of what `watchColdHover` saw. */
export const CHECKS = {
  'found within a second of its start': ({ foundMs }) => {
    assert.ok(foundMs <= FOUND_WITHIN_MS, `${foundMs.toFixed(0)} ms`);
  },

  'its debug server is found, on the loopback only': ({ status }) => {
    assert.equal(status.debug.state, 'on');
    assert.equal(status.debug.loopback_only, true);
  },

  'version and Go are named right': ({ version, goVersion, incidents: [{ incident }] }) => {
    assert.equal(incident.gopls.version, version);
    assert.equal(incident.gopls.go_version, goVersion);
  },

  'the source of latencies is the best this version has': ({
    version,
    status,
    incidents: [{ incident }],
  }) => {
    assert.equal(status.latency_source, expectedSource(version), 'before the first request');
    assert.equal(incident.latency_source, expectedSource(version), 'in the incident');
  },

  'one incident: the hover': ({ hover, incidents }) => {
    assert.match(hover.text, /Snapshot/, 'gopls has answered something else');
    assert.deepEqual(
      incidents.map(({ incident }) => [incident.request.method, incident.state]),
      [['textDocument/hover', 'complete']],
    );
  },

  'it is known to be part of the first load': ({ incidents: [{ incident }] }) => {
    assert.equal(incident.load?.ordinary, true, JSON.stringify(incident.load));
  },

  'it took as long as the client measured': ({ version, hover, incidents: [{ incident }] }) => {
    const clientMs = hover.answeredUnixMs - hover.askedUnixMs;
    const { duration_ns, uncertainty_ns, end_source } = incident.request;
    const offMs = Math.abs(duration_ns / 1e6 - clientMs);
    const said = `${(duration_ns / 1e6).toFixed(0)} ms ± ${(uncertainty_ns / 1e6).toFixed(0)}`;
    const counters = expectedSource(version) === 'counters';
    assert.equal(end_source, counters ? 'gopls-latency' : 'counters');
    assert.ok(
      offMs <= (counters ? EXACT_SHARE * clientMs : Math.max(READ_OFF_MS, EXACT_SHARE * clientMs)),
      `${said}, by the client ${clientMs.toFixed(0)}`,
    );
    // How far it says it may be off has to be true as well.
    if (!counters)
      assert.ok(offMs <= uncertainty_ns / 1e6 + TRANSPORT_MS, `${said}, off by ${offMs.toFixed(0)}`);
  },

  'a heap was captured while the client waited': ({ hover, incidents: [{ incident, heaps }] }) => {
    const during = heaps.filter(({ capture }) => capture.during_request);
    assert.ok(during.length > 0, JSON.stringify(incident.captures));
    for (const { capture } of during) {
      const [trigger, received] = [capture.trigger_ns, capture.received_ns].map((ns) => onWall(incident, ns));
      assert.ok(hover.askedUnixMs < trigger && received < hover.answeredUnixMs, JSON.stringify(capture));
    }
  },

  'its heaps can be read': ({ incidents: [{ heaps }] }) => {
    for (const { capture, page } of heaps) assert.equal(page.total, capture.inuse_space_bytes);
    // The first one may be empty: it describes the last garbage collection, and there may have been none.
    assert.ok(heaps.at(-1)?.page.matched_rows > 0, "no function of gopls's own in the last of them");
  },
};

/** A moment of an incident as Unix time in milliseconds. */
function onWall({ origin_unix_ns }, ns) {
  // As integers first: nanoseconds since 1970 do not fit a number.
  return Number((BigInt(origin_unix_ns) + BigInt(ns)) / 1_000n) / 1e3;
}
