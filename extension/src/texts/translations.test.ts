// Every text is there in every language, none is left over, and what must survive a translation does. A failure names
// the text, where it is used, and what to do: whoever adds a sentence need not know how translation works here.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { textsOf } from '../testing/textsOf';

const repo = path.resolve(__dirname, '../../..');
const read = (file: string): unknown => JSON.parse(fs.readFileSync(path.join(repo, file), 'utf8'));
const texts = (file: string) => read(file) as Record<string, string>;

const MANIFEST = 'package.json';
const MANIFEST_ENGLISH = 'package.nls.json';
const MANIFEST_CHINESE = 'package.nls.zh-cn.json';
const manifest = read(MANIFEST) as { l10n: string };
// Where VS Code looks for it, so that a bundle in another place is a missing bundle here too.
const BUNDLE = path.join(manifest.l10n, 'bundle.l10n.zh-cn.json');

const { uses, unreadable, untranslated } = textsOf(repo, [
  'extension/src',
  'extension/shared',
  'extension/webview',
]);
const bundle = texts(BUNDLE);
const manifestEnglish = texts(MANIFEST_ENGLISH);
const manifestChinese = texts(MANIFEST_CHINESE);

/** Names, units and signs that are the same in every language. */
const NAMES = ['GOPROXY', 'gopls', 'gopls {rss}', 'RSS', 'p95'];
/** Where the words shared with the panel are handed on to VS Code: the texts are read in `extension/shared`. */
const HANDED_ON = 'l10n.t(text, args ?? {})';
/** One Chinese word for one thing, in every text that speaks of it. */
const GLOSSARY: [english: RegExp, chinese: string][] = [
  [/\bstall(s|ed)?\b/i, '卡顿'],
  [/\bincidents?\b/i, '卡顿记录'],
  [/\bheaps?\b/i, '堆'],
  [/\bbaselines?\b/i, '基线'],
  [/\b(heap |baseline |goroutine )?profiles?\b/i, '剖析'],
  [/\bgoroutines?\b/i, 'goroutine'],
  [/\bdebug server\b/i, '调试服务器'],
  [/\bcaptur(e|es|ed|ing)\b/i, '捕获'],
  [/\bdecisions?\b/i, '决策'],
  [/\bwatch(es|ed|ing|er)\b/i, '监视'],
  [/\bcalm\b/i, '空闲'],
  [/\bballast\b/i, '压舱内存'],
  [/\bworkspace\b/i, '工作区'],
  [/\brequests?\b/i, '请求'],
];
/** Texts where the English word is used in another sense. */
const OTHER_SENSE = ['Capture on request'];

interface Translation {
  /** The English text, or its key in the manifest. */
  key: string;
  english: string;
  chinese: string;
  file: string;
}

const translations: Translation[] = [
  ...Object.entries(bundle).map(([key, chinese]) => ({ key, english: key, chinese, file: BUNDLE })),
  ...Object.entries(manifestChinese).map(([key, chinese]) => ({
    key,
    english: manifestEnglish[key] ?? '',
    chinese,
    file: MANIFEST_CHINESE,
  })),
];

/** A text without its placeholders, whose names are no words of it. */
const wordsOf = (text: string) => text.replace(/\{\w+\}/g, '');

/** Fails with all of them, one a line, below what they have in common. */
function none(found: readonly string[], what: string): void {
  if (found.length > 0) assert.fail(`${what}\n\n${found.map((line) => `  ${line}`).join('\n')}\n`);
}

/** Holds every translation to a rule; `complaint` says what is wrong with one, undefined when nothing is. */
function holdAll(what: string, complaint: (translation: Translation) => string | undefined): void {
  none(
    translations.flatMap((translation) => {
      const said = complaint(translation);
      return said === undefined ? [] : [`${translation.file}: ${JSON.stringify(translation.key)}: ${said}`];
    }),
    what,
  );
}

test('the search for texts finds them', () => {
  for (const folder of ['src', 'shared', 'webview']) {
    const places = [...uses.values()].flat().filter((place) => place.startsWith(`extension/${folder}/`));
    assert.ok(places.length > 20, `extension/${folder}: ${places.length} texts`);
  }
});

test('no words go past the translator', () => {
  none(
    untranslated.filter(
      (found) => !NAMES.includes(found.replace(/^\S+ {2}/, '').replace(/^(['"])(.*)\1$/, '$2')),
    ),
    'The user sees these words as they stand. Put them through `l10n.t` (shell) or `t` (panel).',
  );
});

test('every text is a plain string that a translator can see', () => {
  none(
    unreadable.filter((call) => !call.endsWith(`  ${HANDED_ON}`)),
    'The first argument of a translation call must be one string literal: what changes goes into {placeholders}, a choice between texts is made between two calls.',
  );
});

test('every text is there in Chinese', () => {
  const missing = [...uses].filter(([text]) => !bundle[text]);
  none(
    missing.map(([text, places]) => `${JSON.stringify(text)}: "",   used in ${places.join(', ')}`),
    `These texts have no translation in ${BUNDLE}. Add a line for each, with its Chinese text.`,
  );
});

test('no translation is left over', () => {
  none(
    Object.keys(bundle)
      .filter((text) => !uses.has(text))
      .map((text) => JSON.stringify(text)),
    `Nothing uses these texts of ${BUNDLE} any more. Remove their lines, or correct them when the English text has changed.`,
  );
});

test('placeholders, code and settings survive the translation', () => {
  const kept = (text: string) => (text.match(/\{\w+\}|`[^`]+`/g) ?? []).sort().join(' ');
  holdAll('These translations lose, add or change a {placeholder} or something in `backticks`.', (text) =>
    kept(text.english) === kept(text.chinese)
      ? undefined
      : `English has ${kept(text.english) || 'none'}, Chinese has ${kept(text.chinese) || 'none'}`,
  );
});

test('what is called Chinese is Chinese', () => {
  holdAll(
    'These translations have no Chinese character in them. A name that is the same in every language belongs into NAMES of this test.',
    ({ english, chinese }) =>
      /\p{Script=Han}/u.test(chinese) || NAMES.includes(english) || !/\p{L}/u.test(wordsOf(english))
        ? undefined
        : JSON.stringify(chinese),
  );
});

test('a command is quoted by the title it has in the palette', () => {
  const titles = (language: Record<string, string>) =>
    Object.entries(language)
      .filter(([key]) => key.startsWith('command.'))
      .map(([, title]) => title.replace(/…$/, ''));
  const wrong = (text: string, known: string[]) =>
    [...text.matchAll(/["“]Stallscope: ([^"”]+)["”]/g)]
      .map(([, title = '']) => title)
      .filter((title) => !known.includes(title))
      .join(', ') || undefined;
  const [english, chinese] = [titles(manifestEnglish), titles(manifestChinese)];
  holdAll(
    'These texts send the user to a command that is not in the palette under this title.',
    (text) => wrong(text.english, english) ?? wrong(text.chinese, chinese),
  );
});

test('one thing has one Chinese name', () => {
  holdAll(
    'These translations do not use the word of the GLOSSARY in this test.',
    ({ key, english, chinese }) => {
      if (OTHER_SENSE.includes(key)) return undefined;
      const words = english.replace(/\{\w+\}/g, '');
      const missing = GLOSSARY.filter(([word, name]) => word.test(words) && !chinese.includes(name));
      return missing.length === 0
        ? undefined
        : `${JSON.stringify(chinese)} lacks ${missing.map(([, name]) => name).join(', ')}`;
    },
  );
});

test('Chinese is set as Chinese: its own punctuation, a space beside Latin letters and digits', () => {
  holdAll('These translations need another sign or a space.', ({ chinese }) => {
    const found =
      /\p{Script=Han}[,.;:!?"'(]|[,;!?"')]\p{Script=Han}|\p{Script=Han}[A-Za-z0-9`]|[A-Za-z0-9`]\p{Script=Han}|\.\.\./u.exec(
        chinese.replace(/\(flat\)|\(cum\)/, ''),
      );
    return found ? `“${found[0]}” in ${JSON.stringify(chinese)}` : undefined;
  });
});
