// Addresses of servers, as they are shown.

/** Where a server that other machines can reach listens: we ask it by way of loopback, which would read as harmless. */
export function openAddress(asked: string): string {
  return asked.replace(/^(localhost|127(\.\d{1,3}){3}|\[::1\])(?=:\d+$)/i, '*');
}
