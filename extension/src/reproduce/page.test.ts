import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { withPolicy } from './page';

const page = (body: string) =>
  `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<style>b{top:0}</style>\n${body}`;

test('the policy lets in the one style, and nothing that a name of the experiment could be', () => {
  const html = withPolicy(page('<b>$& &lt;script></b>'));
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
  const hash = createHash('sha256').update('b{top:0}').digest('base64');
  assert.equal(policy, `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`);
  assert.ok(html.indexOf('Content-Security-Policy') < html.indexOf('<style>'), 'before all it is about');
  assert.ok(html.endsWith('<b>$& &lt;script></b>'));
});

test('what is not the page of the tool is not shown', () => {
  assert.throws(() => withPolicy('<meta charset="utf-8"><p>hello'));
  assert.throws(() => withPolicy(page('<style>p{}</style>')));
  assert.throws(() => withPolicy('<style>b{}</style>'));
});
