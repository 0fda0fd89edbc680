// A webhook's receiver on loopback, which answers as it is told to and keeps what it was sent.
import http from 'node:http';
import https from 'node:https';

/**
 * `answers` are taken in their order, the last one over and over: `{ status, headers }`, or `never`. With `tls` it speaks https.
 * What it answers repeats the address, as many servers do.
 */
export async function receiver(answers, { tls } = {}) {
  const posts = [];
  const take = (request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const answer = answers[Math.min(posts.length, answers.length - 1)];
      const { method, url, headers } = request;
      posts.push({ method, url, headers, body: Buffer.concat(chunks).toString(), at: performance.now() });
      if (answer === 'never') return;
      response.writeHead(answer.status, { 'X-Asked-For': url, ...answer.headers });
      response.end(`cannot ${method} ${url}`);
    });
  };
  const server = tls ? https.createServer(tls, take) : http.createServer(take);
  server.on('tlsClientError', () => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${server.address().port}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { host, posts, close };
}

/** A proxy that lets nobody through; whom it was asked for. */
export async function refusingProxy() {
  const asked = [];
  const server = http.createServer((request, response) => response.writeHead(405).end());
  server.on('connect', (request, socket) => {
    asked.push(`${request.url} ${JSON.stringify(request.headers)}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, asked, close: () => server.close() };
}
