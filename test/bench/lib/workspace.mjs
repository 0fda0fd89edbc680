// What of gopls's own source the parts of the bench look at.
/** A file at the heart of gopls, with some forty exported names. */
export const FILE = 'internal/cache/snapshot.go';
/** Its middle is the name of the type which all of gopls is built around. */
export const TYPE = 'type Snapshot struct';

/** A host whose gopls has loaded its own source and is calm. Returns gopls's pid. */
export async function warmGopls(host) {
  const pid = await host.call('startGopls', { cache: host.folder('gopls-cache') });
  await host.call('load', { file: FILE });
  return pid;
}
