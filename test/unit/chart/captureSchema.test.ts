import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { settingSchema, type StandingType } from '../../../src/chart/values/capture.ts';
import { decimalsFrom } from '../../../src/chart/values/decimals.ts';
import { parseQuantity, settingProblem, standingSettings, type SettingType } from '../../../src/settings/index.ts';

interface Rule {
  readonly anyOf?: readonly Rule[];
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly not?: { readonly pattern: string } | { readonly not: { readonly pattern: string } };
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
}

/** As much of a JSON schema as the settings use. */
function accepts(rule: Rule, value: string | number): boolean {
  if (rule.anyOf !== undefined) return rule.anyOf.some((inner) => accepts(inner, value));
  const { minimum = -Infinity, maximum = Infinity } = rule;
  if (typeof value === 'number')
    return rule.type === 'integer' && Number.isInteger(value) && value >= minimum && value <= maximum;
  return rule.type === 'string' && (rule.enum?.includes(value) ?? true) && matches(rule, value);
}

function matches({ pattern = '', not, maxLength = Infinity }: Rule, value: string): boolean {
  return new RegExp(pattern).test(value) && !isExcluded(not, value) && value.length <= maxLength;
}

function isExcluded(not: Rule['not'], value: string): boolean {
  if (not === undefined) return false;
  return 'not' in not ? !new RegExp(not.not.pattern).test(value) : new RegExp(not.pattern).test(value);
}

/**
 * What a schema cannot say: that a sum is too large, that a quantity is beyond 2^53, that a name stands there twice.
 */
function isBeyondSchema(type: SettingType, value: string): boolean {
  if (type === 'interfaces') {
    const names = value.split(',');
    // Each of them valid beside the others; `all` and `any` have their own few forms.
    return (
      settingProblem('interfaces', value) === 'must name each interface once' &&
      !names.includes('all') &&
      settingProblem('interfaces', [...new Set(names)].join(',')) === undefined
    );
  }
  if (type === 'duration') return /^(\d{1,9}[hms])+$/.test(value) && /[1-9]/.test(value);
  return (
    type === 'bytes' && value.length <= 18 && /^\d{4,}([kMGT]i?|Ki)?$/.test(value) && parseQuantity(value) === undefined
  );
}

const part = fc.constantFrom(
  '0',
  '1',
  '9',
  '10',
  '1024',
  '1023',
  '2047',
  '2048',
  '2096128',
  '2096129',
  '2146435072',
  '2146435073',
  '1048576',
  '1048575',
  '262144',
  '262145',
  '59',
  '8760',
  '007',
);
const unit = fc.constantFrom('', 'Ki', 'Mi', 'Gi', 'Ti', 'k', 'M', 'G', 'T', 'K', 's', 'm', 'h', 'ms', '.5', 'e3');
const written = fc.oneof(
  fc.tuple(part, unit).map(([number, text]) => `${number}${text}`),
  fc.tuple(fc.nat(3_000_000), unit).map(([number, text]) => `${number}${text}`),
  fc.array(fc.tuple(part, unit), { maxLength: 3 }).map((parts) => parts.flat().join('')),
  fc
    .array(
      fc.constantFrom(
        'eth0',
        'net1',
        'lo',
        '1',
        '-a',
        '.',
        '..',
        'a.b',
        'a/b',
        'a b',
        '',
        'sixteencharacter',
        'fifteencharacte',
        'all',
        'any',
        'All',
        'eth*',
      ),
      { maxLength: 3 },
    )
    .map((names) => names.join(',')),
  fc.constantFrom(
    'running',
    'idle',
    'Running',
    'headers',
    'Headers',
    'header',
    'tcp port 80',
    ' ',
    '',
    'x'.repeat(16_384),
    'x'.repeat(16_385),
  ),
  fc.string(),
);

describe.each(standingSettings.map(({ name, type }) => [name, type] as const))('%s', (name, type) => {
  const schema = settingSchema(type as StandingType) as Rule;

  test('accepts what the injector accepts, and little more', () => {
    fc.assert(
      fc.property(written, (value) => {
        const valid = settingProblem(name, value) === undefined;
        expect(accepts(schema, value), value).toBe(valid || isBeyondSchema(type, value));
      }),
      { numRuns: 3000 },
    );
  });

  test('accepts numbers where the injector does', () => {
    // A filter, a duration or a name may read as a number, yet nobody means one.
    const numeric = ['bytes', 'buffer', 'count', 'snaplen', 'port'].includes(type);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.nat(),
          fc.constantFrom(0, 1, 262_144, 262_145, 1_048_575, 1_048_576, 2_146_435_072, 2_146_435_073, 999_999_999),
        ),
        (value) => {
          expect(accepts(schema, value), String(value)).toBe(
            numeric && settingProblem(name, String(value)) === undefined,
          );
        },
      ),
    );
  });
});

test('a regular expression for decimals from one number to another', () => {
  fc.assert(
    fc.property(fc.nat(20_000), fc.nat(20_000), fc.nat(40_000), (one, other, value) => {
      const [least, most] = [Math.min(one, other), Math.max(one, other)];
      expect(new RegExp(`^${decimalsFrom(least, most)}$`).test(String(value))).toBe(value >= least && value <= most);
      expect(new RegExp(`^${decimalsFrom(least)}$`).test(`00${value}`)).toBe(value >= least);
    }),
    {
      numRuns: 3000,
      examples: [
        [0, 262_144, 0],
        [1, 1, 1],
        [99, 100, 100],
        [1000, 9999, 10_000],
      ],
    },
  );
});
