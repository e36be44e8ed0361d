import { durationPattern } from '../../duration.ts';
import { parseQuantity, quantitySuffixes } from '../../quantity.ts';
import {
  bounds,
  endpointPattern,
  headersOnly,
  mirrorPattern,
  remotePattern,
  standingSettings,
  type SettingType,
  type StandingName,
} from '../../settings/index.ts';
import { decimalsFrom } from './decimals.ts';
import { leaf, type Group, type Leaf, type Schema } from './tree.ts';

/** The types of settings that a release has a default for. */
export type StandingType = Exclude<SettingType, 'keep'>;

/**
 * The values that src/settings/validate.ts accepts, as far as a schema can describe them. The injector checks the rest:
 * the sum of a duration, the largest quantity, an interface that is named twice. An empty string means the default.
 */
const schemas: Readonly<Record<StandingType, Schema>> = {
  state: { type: 'string', enum: ['running', 'idle', ''] },
  text: { type: 'string', pattern: '^$|[^\\s]', maxLength: bounds.longestText },
  interfaces: {
    anyOf: [
      { type: 'string', enum: ['', 'all', 'any', 'all,lo', 'lo,all'] },
      {
        type: 'string',
        pattern: '^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,14}(,[A-Za-z0-9_.][A-Za-z0-9_.-]{0,14})*$',
        not: { pattern: '(^|,)([0-9]+|[.][.]?|[Aa][Ll][Ll]|[Aa][Nn][Yy])(,|$)' },
      },
    ],
  },
  bytes: {
    anyOf: [
      { type: 'integer', minimum: bounds.leastBytes },
      { type: 'string', maxLength: 18, pattern: `^(${bytesPattern()})?$` },
    ],
  },
  buffer: {
    anyOf: [
      { type: 'integer', minimum: bounds.leastBytes, maximum: bounds.largestBufferLimit },
      { type: 'string', maxLength: 18, pattern: `^(0*(${bufferPattern()}))?$` },
    ],
  },
  count: {
    anyOf: [
      { type: 'integer', minimum: 1, maximum: 999_999_999 },
      { type: 'string', pattern: '^([1-9][0-9]{0,8})?$' },
    ],
  },
  snaplen: {
    anyOf: [
      { type: 'integer', minimum: 0, maximum: bounds.largestSnaplen },
      { type: 'string', pattern: `^(${headersOnly}|${decimalsFrom(0, bounds.largestSnaplen)})?$` },
    ],
  },
  duration: { type: 'string', pattern: `^(${durationPattern})?$`, not: { pattern: '^[0hms]+$' } },
  // Helm prints a value that a pattern refuses, and this one may contain credentials. It does not print what `not`
  // refuses.
  remote: {
    type: 'string',
    maxLength: bounds.longestRemote,
    not: { not: { pattern: `^(${remotePattern})?$` } },
  },
  endpoint: {
    type: 'string',
    pattern: `^(${endpointPattern(decimalsFrom(1, 65_535))})?$`,
  },
  port: {
    anyOf: [
      { type: 'integer', minimum: 1, maximum: 65_535 },
      { type: 'string', pattern: `^(${decimalsFrom(1, 65_535)})?$` },
    ],
  },
  mirror: {
    type: 'string',
    pattern: `^(${mirrorPattern(decimalsFrom(1, 65_535), decimalsFrom(1, bounds.largestVNI))})?$`,
  },
};

/** At least 1Mi, in each unit. */
function bytesPattern(): string {
  const byLeast = Map.groupBy(quantitySuffixes, (suffix) => Math.ceil(bounds.leastBytes / bytesOf(suffix)));
  return [...byLeast]
    .map(
      ([least, suffixes]) => `${decimalsFrom(least)}${suffixes.length === 1 ? suffixes[0] : `(${suffixes.join('|')})`}`,
    )
    .join('|');
}

/** At least 1Mi and at most largestBufferLimit, in each unit. */
function bufferPattern(): string {
  return quantitySuffixes
    .filter((suffix) => bytesOf(suffix) <= bounds.largestBufferLimit)
    .map((suffix) => {
      const bytes = bytesOf(suffix);
      const [least, most] = [Math.ceil(bounds.leastBytes / bytes), Math.floor(bounds.largestBufferLimit / bytes)];
      return `${decimalsFrom(least, most)}${suffix}`;
    })
    .join('|');
}

function bytesOf(suffix: string): number {
  return parseQuantity(`1${suffix}`) ?? Infinity;
}

/** The schema of the value of a setting that is not an action: a release has no default for those. */
export function settingSchema(type: StandingType): Schema {
  return schemas[type];
}

type CaptureFields = { readonly [Name in StandingName]: Leaf<string | number> };

function captureFields(): CaptureFields {
  const fields = standingSettings.map(({ name, default: value, text, type }) => [
    name,
    leaf<string | number>(value, text, schemas[type as StandingType]),
  ]);
  return Object.fromEntries(fields) as CaptureFields;
}

/** Derived from the table of settings. */
export const capture: Group<CaptureFields> & { readonly unset: true } = {
  text: "what to capture; a pod's own annotations override it",
  unset: true,
  fields: captureFields(),
};
