import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatMebibytes, volumeBytes } from '../../../../src/settings/index.ts';
import { maxVolumeBytes } from '../../../../src/sidecar/index.ts';
import { evaluate, expressionOf, inlined } from '../../../support/policy/evaluate.ts';

interface Given {
  readonly size?: string | undefined;
  readonly count?: string | undefined;
}

function evaluated(own: Given, defaults: Given, most: string): unknown {
  const annotations = { 'packet-capture/file-size': own.size, 'packet-capture/file-count': own.count };
  const data = {
    'setting.file-size': defaults.size,
    'setting.file-count': defaults.count,
    maxVolumeMebibytes: String(Math.floor(maxVolumeBytes({ maxVolumeSize: most }) / 1024 ** 2)),
  };
  const mebibytes = evaluate(inlined('mebibytes'), { object: { metadata: { annotations } }, params: { data } });
  const sizeMebibytes = evaluate(expressionOf('sizeMebibytes'), { variables: { mebibytes } });
  return evaluate(expressionOf('sizeLimit'), { variables: { sizeMebibytes: BigInt(sizeMebibytes as number) } });
}

const units = fc.constantFrom('', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'm', 'K', 'mi', ' Mi', '\n');
const sizes = fc.option(
  fc.oneof(
    fc
      .tuple(fc.oneof(fc.nat({ max: 1000 }), fc.maxSafeNat(), fc.constantFrom('0016', '1.5', '-1', '', '٣')), units)
      .map(([amount, unit]) => `${amount}${unit}`),
    fc.string(),
    fc.constantFrom('1Mi', '1048575', '9007199254740991', '9007199254740992', '9999999999999999', '8191Ti', '8192Ti'),
  ),
  { nil: undefined },
);
const counts = fc.option(
  fc.oneof(
    fc.nat({ max: 20 }).map(String),
    fc.constantFrom('999999999', '0', '01', '1e1', '-1', ' 2', '2\n', '', '1000000000', 'x'),
  ),
  { nil: undefined },
);
const given = fc.record({ size: sizes, count: counts });

test("the size of the volume is what every other way gives it, be the values the pod's or the parameters', good or bad", () => {
  fc.assert(
    fc.property(
      given,
      given,
      fc.constantFrom('10Gi', '1Mi', '100M', '8191Ti', '9007199254740991'),
      (own, defaults, most) => {
        const effective = (name: 'size' | 'count'): string => (own[name] ?? '') || (defaults[name] ?? '');
        const expected = formatMebibytes(
          volumeBytes(
            { 'file-size': effective('size'), 'file-count': effective('count') },
            maxVolumeBytes({ maxVolumeSize: most }),
          ),
        );
        expect(evaluated(own, defaults, most)).toBe(expected);
      },
    ),
    {
      numRuns: 500,
      examples: [
        [{ size: '8191Ti', count: '999999999' }, { size: undefined, count: undefined }, '8191Ti'],
        [{ size: '1048577', count: '1' }, { size: undefined, count: undefined }, '10Gi'],
        [{ size: '32Mi', count: '3' }, { size: '1Mi', count: '1' }, '10Gi'],
      ],
    },
  );
});
