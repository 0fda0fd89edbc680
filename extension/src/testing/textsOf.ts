// Finds every text that goes through a translation function, by reading the sources as TypeScript does.
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

export interface FoundTexts {
  texts: Set<string>;
  /** Calls whose first argument is not a plain string, so that no translator could ever see it. */
  unreadable: string[];
}

/** The first arguments of all calls of `callee` (as written: `t`, `l10n.t`) in the sources below `folder`. */
export function textsOf(folder: string, callees: readonly string[]): FoundTexts {
  const found: FoundTexts = { texts: new Set(), unreadable: [] };
  for (const file of sourcesBelow(folder)) {
    const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && callees.includes(node.expression.getText(source))) {
        const [first] = node.arguments;
        if (first && ts.isStringLiteralLike(first)) found.texts.add(first.text);
        else found.unreadable.push(`${file}: ${node.getText(source).slice(0, 80)}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

function sourcesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
    .map((file) => path.join(folder, file));
}
