import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cel, celOf, celString } from '../../../../src/ways/policy/cel.ts';
import { evaluate } from '../../../support/policy/evaluate.ts';

/** As a manifest can have it; whole numbers alone, as everywhere in a pod. */
const plainData = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary-ascii' }),
    fc.integer(),
    fc.boolean(),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.string({ minLength: 1 }), tie('any'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).any;

test('a literal is what it was made from', () => {
  fc.assert(
    fc.property(plainData, (value) => {
      expect(evaluate(celOf(value))).toEqual(value);
    }),
  );
});

test('a list or map of values of several types is dynamic, since the API server takes no other', () => {
  expect(celOf(['a', 'b'])).toBe("['a', 'b']");
  expect(celOf(['a', 1])).toBe("[dyn('a'), dyn(1)]");
  expect(celOf({ a: true, b: { c: 'd' } })).toBe("{'a': dyn(true), 'b': dyn({'c': 'd'})}");
  expect(celOf([{ a: 'b' }, { a: 1 }])).toBe("[dyn({'a': 'b'}), dyn({'a': 1})]");
  expect(celOf([[], ['a']])).toBe("[dyn([]), dyn(['a'])]");
});

test('CEL inside plain data stands there as it is', () => {
  expect(celOf({ image: cel('params.data.image'), name: 'a' })).toBe(
    "{'image': dyn(params.data.image), 'name': dyn('a')}",
  );
});

test('a string is quoted so that it reads well, and cannot end early', () => {
  expect(celString("metadata.annotations['a']")).toBe(`"metadata.annotations['a']"`);
  expect(celString(`'"\\\n`)).toBe(String.raw`'\'"\\\n'`);
});
