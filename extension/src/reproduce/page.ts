// The page of an experiment as the command line tool writes it, under a policy: it has one style and no script, and nothing else
// is let in.
import { createHash } from 'node:crypto';

const HEAD = '<meta charset="utf-8">';

/** The same page with the policy; throws on one that is not the tool's. */
export function withPolicy(html: string): string {
  const styles = [...html.matchAll(/<style>([^<]*)<\/style>/g)].map(([, style]) => style ?? '');
  const [style] = styles;
  if (style === undefined || styles.length > 1 || !html.includes(HEAD)) throw new Error('no page of ours');
  const hash = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return html.replace(HEAD, () => `${HEAD}\n<meta http-equiv="Content-Security-Policy" content="${policy}">`);
}
