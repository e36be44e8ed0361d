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
 * The variables `sizeMebibytes` and `sizeLimit` (as a quantity): the size of the volume for capture files, computed as
 * in volumeBytes, with doubles, so that no product overflows.
 */
export const sizeLimitVariables: readonly Variable[] = [
  ...bytesVariables('file-size', 'fileSize'),
  ...bytesVariables('keep-size', 'keepSize'),
  { name: 'fileCountText', expression: effectiveSetting('file-count') },
  {
    name: 'fileCount',
    expression: `size(variables.fileCountText) <= 9 && variables.fileCountText.matches('^[1-9][0-9]{0,8}$')
? double(variables.fileCountText)
: ${decimal(Number(defaultOf('file-count')))}`,
  },
  {
    name: 'filesMebibytes',
    expression: `(variables.fileSize * (variables.fileCount + ${decimal(spareFiles)}) + ${decimal(spareBytes)} + variables.keepSize) / ${decimal(mebibyte)}`,
  },
  {
    name: 'mebibytes',
    expression: `variables.filesMebibytes < double(${parameter('maxVolumeMebibytes')}) ? variables.filesMebibytes : double(${parameter('maxVolumeMebibytes')})`,
  },
  {
    name: 'sizeMebibytes',
    expression:
      'double(int(variables.mebibytes)) < variables.mebibytes ? int(variables.mebibytes) + 1 : int(variables.mebibytes)',
  },
  { name: 'sizeLimit', expression: "string(variables.sizeMebibytes) + 'Mi'" },
];

/** The variables NAME`Text` (the value of a setting) and NAME (its bytes; those of the default if it is not valid). */
function bytesVariables(setting: SettingName, name: string): readonly Variable[] {
  const [text, bytes] = [`variables.${name}Text`, `variables.${name}Bytes`];
  return [
    { name: `${name}Text`, expression: effectiveSetting(setting) },
    {
      name: `${name}Bytes`,
      expression: `double(${text}.find('^[0-9]+')) * ${celOf(unitBytes)}[${text}.find('[a-zA-Z]*$')]`,
    },
    {
      name,
      expression: `size(${text}) <= 18 && ${text}.matches('^[0-9]{1,16}(${quantitySuffixes.join('|')})$')
  && ${bytes} >= ${decimal(mebibyte)} && ${bytes} <= ${decimal(Number.MAX_SAFE_INTEGER)}
? ${bytes}
: ${decimal(parseQuantity(defaultOf(setting)) ?? 0)}`,
    },
  ];
}

function defaultOf(name: SettingName): string {
  return settings.find((setting) => setting.name === name)?.default ?? '';
}

/** A whole number as a double literal. */
function decimal(value: number): string {
  return value.toFixed(1);
}
