import { parseQuantity, quantitySuffixes, settings, volumeBytes, type SettingName } from '../../settings/index.ts';
import { cel, celOf, type Variable } from './cel.ts';
import { effectiveSetting, parameter } from './parameters.ts';

const mebibyte = 1024 ** 2;

/** As parseQuantity has them. CEL's own quantities do not tell the bytes of a large one. */
const unitBytes = Object.fromEntries(
  quantitySuffixes.map((suffix) => [suffix, cel(decimal(parseQuantity(`1${suffix}`) ?? 0))]),
);

/** volumeBytes is linear in the size and the number of files; its terms are read off it, so that they are said once. */
const oneFile = volumeBytes({ 'file-size': '1Mi', 'file-count': '1' });
const oneFileMore = volumeBytes({ 'file-size': '2Mi', 'file-count': '1' }) - oneFile;
const spareFiles = oneFileMore / mebibyte - 1;
const spareBytes = oneFile - oneFileMore;

/**
 * In doubles, as volumeBytes has it: no product is too large. `sizeMebibytes`: of the volume. `sizeLimit`: as a
 * quantity.
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
