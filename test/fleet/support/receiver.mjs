// A receiver that answers as it is told: what a real collector cannot be made to do when a test wants it.
import http from 'node:http';
import http2 from 'node:http2';
import zlib from 'node:zlib';

/**
 * A request that came: its path, headers, body (inflated) and moment.
 *
 * @typedef {{ path: string, signal: string, headers: Record<string, string>, body: Buffer, atMs: number }} Came
 */

/**
 * OTLP over HTTP. `answer` gets each request and says what to do: `{ status, headers, body }`, or `'cut'` to close the
 * connection, or `'hang'` not to answer.
 *
 * @param {(came: Came, number: number) => any} answer
 */
export async function httpReceiver(t, answer = () => ({})) {
  const came = [];
  const server = http.createServer(async (request, response) => {
    const one = await read(request.url, request.headers, request);
    came.push(one);
    const told = await answer(one, came.filter(({ signal }) => signal === one.signal).length);
    if (told === 'cut') return request.socket.destroy();
    if (told === 'hang') return undefined;
    const { status = 200, headers = {}, body = '' } = told;
    return response.writeHead(status, headers).end(body);
  });
  return listening(t, server, came);
}

/** The same for gRPC: `answer` says `{ code, message, retryS }`, or `'hang'`. */
export async function grpcReceiver(t, answer = () => ({})) {
  const came = [];
  const server = http2.createServer();
  server.on('stream', async (stream, headers) => {
    stream.on('error', () => {});
    const one = await read(headers[':path'], headers, stream, true);
    came.push(one);
    const told = await answer(one, came.filter(({ signal }) => signal === one.signal).length);
    if (told === 'hang') return;
    const { code = 0, message = '', retryS } = told;
    const details = retryS === undefined ? {} : { 'grpc-status-details-bin': retryInfo(code, retryS) };
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () =>
      stream.sendTrailers({ 'grpc-status': String(code), 'grpc-message': message, ...details }),
    );
    // An empty message: all was taken.
    stream.end(code === 0 ? Buffer.alloc(5) : undefined);
  });
  return listening(t, server, came);
}

async function listening(t, server, came) {
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const of = (signal) => came.filter((one) => one.signal === signal);
  return { came, of, url: `http://127.0.0.1:${server.address().port}` };
}

const SIGNALS = { traces: /trace/i, logs: /logs/i, metrics: /metrics/i, profiles: /Pusher/ };

async function read(path, headers, stream, framed = false) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  let body = Buffer.concat(parts);
  let packed = headers['content-encoding'] === 'gzip';
  if (framed) {
    packed = body[0] === 1;
    body = body.subarray(5);
  }
  if (packed) body = zlib.gunzipSync(body);
  const signal = Object.keys(SIGNALS).find((name) => SIGNALS[name].test(path));
  return { path, signal, headers: { ...headers }, body, packed, atMs: performance.now() };
}

// ---- as much of protobuf as these few messages need ----

const field = (number, bytes) => Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);

/** `google.rpc.Status` with a `RetryInfo` of some seconds, as a trailer carries it. */
function retryInfo(code, seconds) {
  const delay = field(1, Buffer.from([1 << 3, seconds]));
  const any = Buffer.concat([
    field(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')),
    field(2, delay),
  ]);
  return Buffer.concat([Buffer.from([1 << 3, code]), field(3, any)]).toString('base64');
}

/** The body that says how many were left out, and why. */
export const partialSuccess = (rejected, why) =>
  field(1, Buffer.concat([Buffer.from([1 << 3, rejected]), field(2, Buffer.from(why))]));

/** The fields of a message whose values are bytes, by number. */
export function fields(message) {
  const found = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const number = varint() >> 3;
    const length = varint();
    found.push([number, message.subarray(at, at + length)]);
    at += length;
  }
  return found;
}
