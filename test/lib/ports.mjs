// Ports of this machine for a receiver to listen on.
import net from 'node:net';

export async function isFree(port) {
  const server = net.createServer();
  const free = await new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  await new Promise((resolve) => server.close(resolve));
  return free;
}

/** Below the ports that the system gives to clients, like the one that the extension chooses. */
export async function freePort() {
  for (let port = 20_000 + Math.floor(Math.random() * 9_000); ; port += 1) {
    if (await isFree(port)) return port;
  }
}
