import {
  parseQuantity,
  quantitySuffixes,
  settings,
  spareBytes,
  spareFiles,
  type SettingName,
} from '../../settings/index.ts';
import { cel, celOf, type Variable } from './cel.ts';
import { effectiveSetting, parameter } from './parameters.ts';

const mebibyte = 1024 ** 2;

/** The units of parseQuantity. CEL's own quantities cannot return the bytes of a large quantity. */
const unitBytes = Object.fromEntries(
  quantitySuffixes.map((suffix) => [suffix, cel(decimal(parseQuantity(`1${suffix}`) ?? 0))]),
);

/**
 * The size of the volume for capture files, computed as volumeBytes does: `sizeMebibytes`, and `sizeLimit` as a
 * quantity.
 * In doubles, in which no product overflows.
 */
export const sizeLimitVariables: readonly Variable[] = [
  { name: 'fileSizeText', expression: effectiveSetting('file-size') },
  { name: 'fileCountText', expression: effectiveSetting('file-count') },
  {
    name: 'fileSizeBytes',
    expression: `double(variables.fileSizeText.find('^[0-9]+')) * ${celOf(unitBytes)}[variables.fileSizeText.find('[a-zA-Z]*$')]`,
  },
  {
    name: 'fileSize',
    expression: `size(variables.fileSizeText) <= 18 && variables.fileSizeText.matches('^[0-9]{1,16}(${quantitySuffixes.join('|')})$')
  && variables.fileSizeBytes >= ${decimal(mebibyte)} && variables.fileSizeBytes <= ${decimal(Number.MAX_SAFE_INTEGER)}
? variables.fileSizeBytes
: ${decimal(parseQuantity(defaultOf('file-size')) ?? 0)}`,
  },
  {
    name: 'fileCount',
    expression: `size(variables.fileCountText) <= 9 && variables.fileCountText.matches('^[1-9][0-9]{0,8}$')
? double(variables.fileCountText)
: ${decimal(Number(defaultOf('file-count')))}`,
  },
  {
    name: 'ringMebibytes',
    expression: `(variables.fileSize * (variables.fileCount + ${decimal(spareFiles)}) + ${decimal(spareBytes)}) / ${decimal(mebibyte)}`,
  },
  {
    name: 'mebibytes',
    expression: `variables.ringMebibytes < double(${parameter('maxVolumeMebibytes')}) ? variables.ringMebibytes : double(${parameter('maxVolumeMebibytes')})`,
  },
  {
    name: 'sizeMebibytes',
    expression:
      'double(int(variables.mebibytes)) < variables.mebibytes ? int(variables.mebibytes) + 1 : int(variables.mebibytes)',
  },
  { name: 'sizeLimit', expression: "string(variables.sizeMebibytes) + 'Mi'" },
];

function defaultOf(name: SettingName): string {
  return settings.find((setting) => setting.name === name)?.default ?? '';
}

/** A whole number as a literal of a double. */
function decimal(value: number): string {
  return value.toFixed(1);
}
