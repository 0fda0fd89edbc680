import assert from 'node:assert/strict';
import test from 'node:test';
import { page } from './html';

const parts = { script: 's.js', style: 's.css', source: 'https://x.example', language: 'zh-cn', texts: {} };

test('the policy allows nothing but our own script by nonce and our own style', () => {
  const html = page(parts);
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1]?.replaceAll('&#39;', "'") ?? '';
  assert.match(
    policy,
    /^default-src 'none'; script-src 'nonce-[\w+/=]{24}'; style-src https:\/\/x\.example;/,
  );
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.equal(html.match(/<script/g)?.length, 1);
});

test('every page has a nonce of its own', () => {
  const nonce = () => /script nonce="([^"]*)"/.exec(page(parts))?.[1];
  assert.notEqual(nonce(), nonce());
});

test('texts cannot break out of their attribute', () => {
  const html = page({ ...parts, texts: { '"><script>': `'</body>&` } });
  assert.equal(html.match(/<script/g)?.length, 1);
  const encoded = /data-l10n="([^"]*)"/.exec(html)?.[1] ?? '';
  const decoded = encoded.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
  assert.deepEqual(JSON.parse(decoded), { '"><script>': `'</body>&` });
});
