// The page of a report, without its content: the panel's code and style inside of it, nothing to be loaded. The core puts
// the content into its place (native/core/src/report/page.rs).
import { createHash } from 'node:crypto';

/** Where the content goes. */
const PLACE = '{{stallscope-report}}';

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The policy names script and style by their hashes: whatever a profile's names try to be, they are not run. */
export function reportPage(script, style) {
  for (const [what, text, end] of [
    ['script', script, '</script'],
    ['style', style, '</style'],
  ])
    if (text.toLowerCase().includes(end) || text.includes(PLACE))
      throw new Error(`the ${what} would end early`);
  const policy = [
    `default-src 'none'`,
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    `img-src data:`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Stallscope report</title>
<style>${style}</style>
</head>
<body>
<noscript>This report is drawn by a script that it brings along. Its data is in this file as JSON.</noscript>
<div id="root"></div>
<script type="application/json" id="report">${PLACE}</script>
<script>${script}</script>
</body>
</html>
`;
}
