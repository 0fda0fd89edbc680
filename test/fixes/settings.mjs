// Settings files in which much is wrong, and what each fix of the doctor makes of what they mean. Comments and odd spaces are somebody's.
//
// A row of `fixes` is the finding, its fix, what is done to the settings as they are read, and a part of the finding's title where those
// of another one are alike.
import path from 'node:path';

/** One of these changes. Nothing else of the settings is another one afterwards. */
export const without =
  (...at) =>
  (settings) => {
    const [last, ...above] = at.toReversed();
    const inside = above.toReversed().reduce((value, key) => value[key], settings);
    if (Array.isArray(inside)) inside.splice(last, 1);
    else delete inside[last];
  };
const set =
  (value, ...at) =>
  (settings) => {
    const [last, ...above] = at.toReversed();
    above.toReversed().reduce((inside, key) => inside[key], settings)[last] = value;
  };
/** As another name in the same object, with the same value. */
const renamed =
  (from, to, ...at) =>
  (settings) => {
    const inside = at.reduce((value, key) => value[key], settings);
    inside[to] = inside[from];
    delete inside[from];
  };
/** Into the `gopls` object, without the prefix. */
const intoGopls = (key) => (settings) => {
  settings.gopls[key.replace(/^gopls\./, '')] = settings[key];
  delete settings[key];
};
const same = () => {};

const FLAGS = 'go.languageServerFlags';
const VARIABLES = 'go.toolsEnvVars';

/** By name: the text of `.vscode/settings.json`, and the fixes of what is found in it. `log` is a large file. */
export const SETTINGS = (log) => ({
  'settings of the Go extension': {
    text: `// Ours.
{
  "go.useLanguageServer": "false", // off
  "go.alternateTools": { "gopls": "/no/such/gopls", /* the linter */ "dlv": "/x" },
  "go.languageServerFlags": [
    "-rpc.trace", // keep
    "-fast", "-rpc-trace", "-memory-limit=2GiB", "-trace-file=x", "-pprof=:1",
    "-listen.timeout=1", "-mode=stdio", "-debug=:6060", "-logfile=${path.dirname(log)}/small.log",
  ],
  "go.toolsEnvVars": { "GOMEMLIMIT": "2GB", "GOPATH": "/b", "KEEP": "1" },
  "go.gopath": "${path.dirname(log)}/gopath",
  "go.buildTags": "a", "go.buildTags": "b",
  "go.buildFlags": ["-v", "-tags x"],
  "go.somethingElseAltogether": 1,
  "go.formatFlag": ["-w"],
  "go.liveErrors": {},
  "go.useCodeSnippetsOnFunctionSuggest": true,
  "go.gopls": { "staticcheck": false },
  "go.logging.level": "info",
  "go.testTimeout": 5,
  "go.trace.server": "verbose",
  "[go]": { "editor.tabSize": 2, "go.testFlags": ["-v"] },
  "editor.tabSize": 4
}
`,
    fixes: [
      ['language-server-no-boolean', 'correct', set(true, 'go.useLanguageServer')],
      ['language-server-no-boolean', 'remove', without('go.useLanguageServer')],
      ['alternate-gopls-missing', 'remove', without('go.alternateTools', 'gopls')],
      ['gopls-flag-unknown', 'remove', without(FLAGS, 1), '-fast'],
      ['gopls-flag-misspelt', 'rename', set('-rpc.trace', FLAGS, 2)],
      ['gopls-flag-misspelt', 'remove', without(FLAGS, 2)],
      ['gopls-flag-memory-limit', 'remove', without(FLAGS, 3), '-memory-limit'],
      ['gopls-flag-trace-file', 'remove', without(FLAGS, 4), '-trace-file'],
      ['gopls-flag-pprof', 'remove', without(FLAGS, 5), '-pprof'],
      ['gopls-flag-wrong-value', 'remove', without(FLAGS, 6)],
      ['gopls-flag-no-effect', 'remove', without(FLAGS, 7)],
      ['debug-everywhere', 'localhost', set('-debug=localhost:0', FLAGS, 8)],
      ['debug-everywhere', 'remove', without(FLAGS, 8)],
      ['logfile-grows', 'remove', without(FLAGS, 9)],
      ['memory-limit-malformed', 'correct', set('2GiB', VARIABLES, 'GOMEMLIMIT')],
      ['memory-limit-malformed', 'remove', without(VARIABLES, 'GOMEMLIMIT')],
      ['gopath-twice', 'remove', without(VARIABLES, 'GOPATH')],
      ['setting-written-twice', 'remove', same],
      ['build-flag-with-space', 'correct', set('-tags=x', 'go.buildFlags', 1)],
      ['go-setting-unknown', 'remove', without('go.somethingElseAltogether'), 'go.somethingElseAltogether'],
      ['go-setting-misspelt', 'rename', renamed('go.formatFlag', 'go.formatFlags')],
      ['go-setting-misspelt', 'remove', without('go.formatFlag')],
      ['go-setting-gone', 'remove', without('go.liveErrors')],
      ['go-setting-replaced', 'remove', without('go.useCodeSnippetsOnFunctionSuggest')],
      ['go-setting-never-was', 'rename', renamed('go.gopls', 'gopls')],
      ['go-setting-never-was', 'remove', without('go.gopls')],
      ['go-setting-deprecated', 'remove', without('go.logging.level')],
      ['go-setting-wrong-type', 'remove', without('go.testTimeout'), 'go.testTimeout'],
      ['trace-verbose', 'remove', without('go.trace.server')],
      [
        'setting-in-language-block',
        'move',
        (settings) => {
          settings['go.testFlags'] = settings['[go]']['go.testFlags'];
          delete settings['[go]']['go.testFlags'];
        },
      ],
    ],
  },
  'settings of gopls': {
    text: `// Ours.
{
  "gopls": {
    // The first.
    "goFaster": true,
    "ui.semanticToken": false,
    "build.memoryMode": "DegradeClosed", "renameMovesSubpackages": true,
    "experimentalDiagnosticsDelay": "1s",
    "memoryLimit": 1,
    "noSemanticString": true,
    "verboseOutput": "true",
    "env": { "A": 1, "GOMEMLIMIT": "1GiB" }, /* env */
    "build.buildFlags": ["-v", "-tags a,b"],
    "analyses": { "zzz": true, "shadows": true, "modernize": true },
    "ui": { "documentation": { "linkTarget": "x" } },
    "formatting.local": "a", "local": "b",
    "diagnosticsDelay": "10ms",
    "completionBudget": "2s",
    "ui.diagnostic.staticcheck": true,
    "build.expandWorkspaceToModule": false
  },
  "gopls.ui.completion.usePlaceholders": true,
  "go.toolsEnvVars": { "GOMEMLIMIT": "300MiB" },
  "go.lintTool": "staticcheck",
  "editor.tabSize": 4
}
`,
    fixes: [
      ['gopls-setting-unknown', 'remove', without('gopls', 'goFaster'), 'goFaster'],
      ['gopls-setting-misspelt', 'rename', renamed('ui.semanticToken', 'ui.semanticTokens', 'gopls')],
      ['gopls-setting-misspelt', 'remove', without('gopls', 'ui.semanticToken')],
      ['gopls-setting-gone', 'remove', without('gopls', 'build.memoryMode')],
      ['gopls-setting-experimental', 'remove', without('gopls', 'renameMovesSubpackages')],
      ['gopls-setting-replaced', 'remove', without('gopls', 'experimentalDiagnosticsDelay')],
      ['gopls-setting-too-new', 'remove', without('gopls', 'memoryLimit')],
      ['gopls-setting-deprecated', 'remove', without('gopls', 'noSemanticString')],
      ['gopls-setting-wrong-value', 'correct', set(true, 'gopls', 'verboseOutput')],
      ['gopls-setting-wrong-value', 'remove', without('gopls', 'verboseOutput')],
      ['gopls-setting-wrong-part', 'correct', set('1', 'gopls', 'env', 'A')],
      ['gopls-setting-wrong-part', 'remove', without('gopls', 'env')],
      ['runtime-variable-not-for-gopls', 'remove', without('gopls', 'env', 'GOMEMLIMIT')],
      ['build-flag-with-space', 'correct', set('-tags=a,b', 'gopls', 'build.buildFlags', 1)],
      ['gopls-name-unknown', 'remove', without('gopls', 'analyses', 'zzz'), 'zzz'],
      ['gopls-name-misspelt', 'rename', renamed('shadows', 'shadow', 'gopls', 'analyses')],
      ['gopls-name-misspelt', 'remove', without('gopls', 'analyses', 'shadows')],
      ['gopls-name-gone', 'remove', without('gopls', 'analyses', 'modernize')],
      [
        'gopls-setting-nested',
        'flatten',
        ({ gopls }) => {
          gopls['ui.documentation.linkTarget'] = gopls.ui.documentation.linkTarget;
          delete gopls.ui;
        },
      ],
      ['gopls-setting-named-twice', 'remove', without('gopls', 'local')],
      ['low-diagnostics-delay', 'remove', without('gopls', 'diagnosticsDelay')],
      ['long-completion-budget', 'remove', without('gopls', 'completionBudget')],
      ['costly-staticcheck', 'remove', without('gopls', 'ui.diagnostic.staticcheck')],
      ['narrow-workspace', 'remove', without('gopls', 'build.expandWorkspaceToModule')],
      ['gopls-setting-dotted', 'move', intoGopls('gopls.ui.completion.usePlaceholders')],
      ['tools-memory-limit-low', 'remove', without(VARIABLES, 'GOMEMLIMIT')],
      ['staticcheck-twice', 'remove', without('go.lintTool')],
    ],
  },
  'settings that exclude those above': {
    text: `{
  "go.useLanguageServer": false, // Ours.
  "go.languageServerFlags": ["-rpc.trace", "-logfile", "${log}", "version"],
  "go.toolsEnvVars": { "GOGC": "off", /* stays */ },
  "gopls.matcher": "Fuzzy",
  "gopls": { "ui.semanticTokens": true, "completionBudget": "0s", "local": "x" }
}
`,
    fixes: [
      ['language-server-off', 'remove', without('go.useLanguageServer')],
      ['gopls-flag-command', 'remove', without(FLAGS, 3)],
      [
        'logfile-large',
        'remove',
        (settings) => {
          settings[FLAGS].splice(1, 2);
        },
      ],
      ['tools-gc-off', 'remove', without(VARIABLES, 'GOGC')],
      ['costly-semantic-tokens', 'remove', without('gopls', 'ui.semanticTokens')],
      ['no-completion-budget', 'remove', without('gopls', 'completionBudget')],
      ['gopls-setting-overwritten', 'move', intoGopls('gopls.matcher')],
    ],
  },
  'settings without a gopls object': {
    text: `{
  "go.languageServerFlags": ["-rpc.trace", "-debug"], // Ours.
  "gopls.ui.verboseOutput": true
}
`,
    fixes: [
      ['gopls-flag-without-value', 'remove', without(FLAGS, 1)],
      ['gopls-setting-dotted', 'rename', renamed('gopls.ui.verboseOutput', 'gopls.verboseOutput')],
    ],
  },
  'settings with another kind of gopls': {
    text: `{
  "gopls": true, // Ours.
  "gopls.ui.verboseOutput": true
}
`,
    fixes: [
      ['gopls-no-object', 'remove', without('gopls')],
      ['gopls-setting-dotted', 'remove', without('gopls.ui.verboseOutput')],
    ],
  },
  'settings that a later object takes the place of': {
    text: `{
  "gopls.local": "a", // Ours.
  "gopls": { "local": "x" }
}
`,
    fixes: [['gopls-setting-overwritten', 'remove', without('gopls.local')]],
  },
});
