// Lints, and the layer rules of the TypeScript side: who may import whom is checked here, not remembered.
import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const onlyIn = (where) => `Layer rule: see ARCHITECTURE.md; this may only be imported by ${where}.`;

export default tseslint.config(
  {
    ignores: [
      'target/',
      'out/',
      'node_modules/',
      'extension/dist/',
      'test/lsp-extension/dist/',
      'test/fixtures/',
      'native/addon/index.d.ts',
      'extension/shared/doctor.ts',
      'extension/shared/model.ts',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          'extension/src/tsconfig.json',
          'extension/webview/tsconfig.test.json',
          'test/tsconfig.json',
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // node:test's `test()` returns a promise that nobody awaits at the top level.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {
              from: 'package',
              package: 'node:test',
              name: ['test', 'it', 'describe', 'suite', 'before', 'after'],
            },
          ],
        },
      ],
    },
  },
  {
    files: ['extension/**/*.test.ts', 'extension/**/*.test.tsx', 'test/**/*.test.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
  {
    // The protocol between the two sides: types only, so it may lean on nothing.
    files: ['extension/shared/**'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(?!\\./)', message: 'extension/shared imports only its own files.' }] },
      ],
    },
  },
  {
    // The panel runs in a browser frame: it sees the protocol and Preact, nothing else.
    files: ['extension/webview/**'],
    ignores: ['**/*.test.ts', '**/*.test.tsx'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?!preact$|preact/|\\./|\\.\\./(?!\\.\\./|src/)|(\\.\\./)+shared/)',
              message: 'extension/webview imports only extension/shared and preact.',
            },
            { regex: '(^|/)src/', message: onlyIn('extension/src') },
          ],
        },
      ],
    },
  },
  {
    files: ['extension/src/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '(^|/)webview/', message: onlyIn('extension/webview') }] },
      ],
    },
  },
  {
    // Preact props and word tables are plain functions that are taken out of their object by design; none uses `this`.
    files: [
      'extension/webview/**/*.{ts,tsx}',
      'extension/shared/{words,*Words}.ts',
      'extension/src/verify/markdown.ts',
    ],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none' }] },
  },
  prettier,
);
