// Finds every text that the user may see, by reading the sources as TypeScript does: those that go through a
// translation function, and those that forgot to.
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

export interface FoundTexts {
  /** Every translated text, with the places that use it as `file:line`. */
  uses: Map<string, string[]>;
  /** Calls whose first argument is not a plain string, so that no translator could ever see it. */
  unreadable: string[];
  /** Words put before the user as they stand, past the translator. */
  untranslated: string[];
}

/** How the translation functions are called: `l10n.t` in the shell, `t` in the panel and in the shared words. */
const TRANSLATE = ['t', 'l10n.t', 'vscode.l10n.t'];
/** Calls whose arguments a person reads. */
const SHOWS = /\.show(Information|Warning|Error)Message$|^RequestFailed$/;
/** Properties and attributes whose value a person reads or hears. */
const SHOWN = ['title', 'label', 'placeHolder', 'placeholder', 'detail', 'alt', 'aria-label'];

/** The texts in the sources below these folders. Places are named relative to `root`. */
export function textsOf(root: string, folders: readonly string[]): FoundTexts {
  const found: FoundTexts = { uses: new Map(), unreadable: [], untranslated: [] };
  for (const file of folders.flatMap((folder) => sourcesBelow(path.join(root, folder)))) {
    collect(file, path.relative(root, file), found);
  }
  return found;
}

function collect(file: string, name: string, { uses, unreadable, untranslated }: FoundTexts): void {
  const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const place = (node: ts.Node) =>
    `${name}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
  const bare = (node: ts.Node | undefined) => {
    if (node && hasWords(node)) untranslated.push(`${place(node)}  ${node.getText(source).trim()}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const callee = node.expression.getText(source);
      const [first] = node.arguments ?? [];
      if (TRANSLATE.includes(callee)) {
        if (first && ts.isStringLiteralLike(first))
          uses.set(first.text, [...(uses.get(first.text) ?? []), place(first)]);
        else unreadable.push(`${place(node)}  ${node.getText(source).slice(0, 80)}`);
      } else if (SHOWS.test(callee)) bare(first);
    } else if (ts.isJsxText(node)) bare(node);
    else if ((ts.isPropertyAssignment(node) || ts.isJsxAttribute(node)) && isShown(node.name, source))
      bare(node.initializer);
    ts.forEachChild(node, visit);
  };
  visit(source);
}

const isShown = (name: ts.Node, source: ts.SourceFile): boolean =>
  SHOWN.includes(name.getText(source).replace(/['"]/g, ''));

/** Whether this is a text with letters in it; what a template fills in does not count. */
function hasWords(node: ts.Node): boolean {
  if (ts.isJsxText(node) || ts.isStringLiteralLike(node)) return /\p{L}/u.test(node.text);
  if (!ts.isTemplateExpression(node)) return false;
  const parts = [node.head, ...node.templateSpans.map(({ literal }) => literal)];
  // `$(pulse)` is an icon.
  return parts.some(({ text }) => /\p{L}/u.test(text.replace(/\$\([\w~-]+\)/g, '')));
}

function sourcesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
    .sort()
    .map((file) => path.join(folder, file));
}
