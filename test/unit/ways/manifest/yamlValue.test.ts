import { expect, test } from 'vitest';
import { yamlValue } from '../../../../src/ways/manifest/yamlValue.ts';

test.each([
  ['a: on\nb: 0644\nc: "on"\nd: [1e3, ~]\n', { a: true, b: 420, c: 'on', d: [1000, null] }],
  ['{"a": {"b": [1, "x"]}}', { a: { b: [1, 'x'] } }],
  ['--- # one document\ntext\n...\n', 'text'],
  ['# nothing\n', null],
  ['', null],
])('reads %j as kubectl does', (text, value) => {
  expect(yamlValue(text, 'file.yaml')).toEqual(value);
});

test.each(['a: [', 'a: 1\n---\nb: 2\n', 'a: *b\n', 'a: \u0001'])('refuses %j and names the file', (text) => {
  expect(() => yamlValue(text, 'file.yaml')).toThrow(
    expect.objectContaining({ code: 'YAML_INVALID', where: expect.stringMatching(/^file\.yaml/) }),
  );
});
