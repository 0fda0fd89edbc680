// Settings on their way to gopls, as VS Code and the Go extension pass them on: keys with dots are paths, `gopls` becomes gopls's
// settings, `go.toolsEnvVars` its environment, `go.languageServerFlags` its arguments.
import { parse } from 'jsonc-parser';

/** The tree that VS Code makes of a settings file. The last of several counts, and an object replaces what is there. */
function tree(settings) {
  const root = {};
  for (const [key, value] of Object.entries(settings)) {
    const names = key.split('.');
    const last = names.pop();
    let at = root;
    for (const name of names) at = at[name] ??= {};
    at[last] = value;
  }
  return root;
}

/** How gopls is started with the settings of a file. */
export function startedWith(text) {
  const { go = {}, gopls = {} } = tree(parse(text, [], { allowTrailingComma: true }));
  // The extension looks for the one name only: what gopls itself has goes first.
  const fromGo = go.buildFlags && gopls['build.buildFlags'] === undefined;
  return {
    settings: fromGo ? { ...gopls, 'build.buildFlags': go.buildFlags } : gopls,
    env: go.toolsEnvVars ?? {},
    flags: go.languageServerFlags ?? [],
  };
}
