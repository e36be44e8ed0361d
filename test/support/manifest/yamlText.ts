import * as fc from 'fast-check';

/** Chooses among things; what it chooses next stands on a tape. */
type Pick = <T>(from: readonly T[]) => T;

/** Odd YAML, right and wrong: the keys of a mapping that begins at the left margin. */
export const yamlText: fc.Arbitrary<string> = fc
  .array(fc.nat({ max: 9_999 }), { minLength: 300, maxLength: 300 })
  .map((tape) => {
    let at = 0;
    const pick: Pick = (from) => from[(tape[(at += 1) % tape.length] ?? 0) % from.length] as (typeof from)[number];
    return mappingText(pick, 0, 0) + pick(['', '\n', '\n\n', '\n# c\n', '\n...\n', '\n  \n']);
  });

const space = (columns: number): string => ' '.repeat(Math.max(0, columns));

const plain = [
  'a',
  'a b',
  'a  b',
  'http://x:80/y?z=1#w',
  'a#b',
  'a:b',
  '-a',
  '?a',
  ':a',
  '0777',
  '0o7',
  '08',
  '0x1F',
  '1_000',
  '+1',
  '-0',
  '1.5',
  '.5',
  '1.',
  '1e3',
  'yes',
  'No',
  'on',
  'y',
  '~',
  'null',
  '12:30',
  '2001-01-01',
  '.inf',
  '<<',
  '=',
  '!a b',
  '! 1',
  '!!str 1',
  '!!int "1"',
  '!!float 1',
  '!!null ""',
  '!!binary aGk=',
  '!<tag:yaml.org,2002:str> 1',
  '&x 1',
  '*x',
  '@a',
  '`a',
  '%a',
  ',a',
  '| a',
  '',
  '# c',
  'é',
  '\u{1F600}',
  'a\u0085b',
  'a\u2028b',
  'a\u00A0b',
  '\uFEFFa',
  'a\tb',
  '- a',
  'a: b',
  'a :',
  '"a"b',
  '\\n',
  '{{a}}',
  '\u0001',
];

/** `column` is that of the key; what follows may stand at it, right of it or left of it. */
function valueText(pick: Pick, depth: number, column: number): string {
  const line = `\n${space(column + pick([-2, -1, 0, 0, 1, 2, 2, 2, 4]))}`;
  const gap = (): string => pick([' ', line, line, `\n${line}`, '\t', ' # ', ': ', `  ${line}`]);
  const forms: readonly (() => string)[] = [
    () => pick(plain),
    () => pick(plain),
    () =>
      `"a${gap()}b${pick(['', '\\n', '\\x41', '\\u00e9', '\\/', '\\ud83d\\ude00', '\\q', `\\${line}`, "'", '\\"', line])}"`,
    () => `'a${gap()}b${pick(['', "''", '"', '\\', line])}'`,
    () => `a${gap()}b${gap()}c`,
    () =>
      `|${pick(['', '-', '+', '1', '2', '-2', '2+', '0', ' # c', '\t', ' x'])}${line}x${line} y${pick(['', line, '\n', '\n\n', `${line} `, `${line}# c`])}`,
    () =>
      `>${pick(['', '-', '+', '1', '+2', ' # c'])}${line}x${line}y\n${line} z${line}w${pick(['', line, '\n', '\n\n'])}`,
    () =>
      `[${pick(['', ' ', line])}${pick(['a', '"a"', 'a: b', '? a', '"a":b', 'a:b', '*x', '', '[b]', '- a'])}${pick([',', ', ', line, '', ` ,${line}`])}${pick(['b', '"b"', '', '{}', '# c\n', "'b\nc'"])}${pick(['', line, ','])}]`,
    () =>
      `{${pick(['', ' ', line])}${pick(['a', '"a"', 'a: b', '? a', '"a":b', 'a:b', 'a: ', '', '<<: *x'])}${pick([',', ', ', line, ''])}${pick(['b', '"b"', '', 'c: {}', '# c\n', 'd: "e\nf"'])}${pick(['', line])}}`,
    () => `\n${mappingText(pick, depth + 1, column + pick([0, 1, 2, 2, 2, 4]))}`,
    () => `\n${listText(pick, depth + 1, Math.max(0, column + pick([-1, 0, 0, 2, 2])))}`,
    () => `${pick(['&x', '!!map', '&x !!map', '# c'])}\n${mappingText(pick, depth + 1, column + 2)}`,
  ];
  return pick(depth > 3 ? forms.slice(0, 9) : forms)();
}

function mappingText(pick: Pick, depth: number, column: number): string {
  const entries = Array.from({ length: 1 + pick([0, 1, 2]) }, (_, index) => {
    const key = pick([
      'k',
      'k',
      '"k"',
      "'k'",
      `? k\n${space(column)}`,
      '&y k',
      '!!str k',
      'k k',
      'k#',
      '1',
      'é',
      pick(['<<', '"k\nl"', '- k', '*x ', '[k]', 'K'.repeat(1100)]),
    ]);
    return `${space(column)}${key}${index}${pick([': ', ': ', ': ', ':', ' : ', ':\t', ':  '])}${valueText(pick, depth, column)}${pick(['', '', ' # c', '#c', ' ', '\t'])}`;
  });
  return entries.join(pick(['\n', '\n', '\n', '\n\n', '\n# c\n', '\n  # c\n', '\r\n', '\n \n', '\r']));
}

function listText(pick: Pick, depth: number, column: number): string {
  const items = Array.from(
    { length: 1 + pick([0, 1, 2]) },
    () =>
      `${space(column)}-${pick([' ', ' ', '  ', '\t', `\n${space(column + 2)}`, ''])}${valueText(pick, depth, column + 2)}`,
  );
  return items.join(pick(['\n', '\n', '\n\n', '\n# c\n']));
}
