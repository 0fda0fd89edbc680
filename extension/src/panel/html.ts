// The panel's page: an empty root and two files of ours. Data never goes into a script; the texts travel in an attribute.
import { randomBytes } from 'node:crypto';

export interface PageParts {
  script: string;
  style: string;
  /** `webview.cspSource`. */
  source: string;
  language: string;
  /** English text → text in the display language. Empty for English. */
  texts: Record<string, string>;
}

export function page({ script, style, source, language, texts }: PageParts): string {
  const nonce = randomBytes(18).toString('base64');
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    `font-src ${source}`,
    `img-src ${source} data:`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${attribute(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${attribute(style)}">
<title>Stallscope</title>
</head>
<body data-l10n="${attribute(JSON.stringify(texts))}">
<div id="root"></div>
<script nonce="${nonce}" src="${attribute(script)}"></script>
</body>
</html>
`;
}

function attribute(value: string): string {
  return value.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
