import type { Command } from 'commander';
import { codedError } from '../../errors.ts';
import { amountNames, amountProblem, type AmountName, type SidecarAmounts } from '../../sidecar/index.ts';

const texts: Readonly<Record<AmountName, string>> = {
  'cpu-request': 'CPU request of each container of the sidecar (default: as configured)',
  'cpu-limit': 'CPU limit of each; 0: none',
  'memory-request': 'memory request of each',
  'memory-limit': 'memory limit of each, at least 16Mi; 0: none',
};

/** Adds the flags for the CPU and the memory of the sidecar, which become annotations. */
export function addAmountFlags(command: Command): Command {
  for (const name of amountNames) command.option(`--${name} <QUANTITY>`, texts[name]);
  return command;
}

/**
 * The amounts among a command's parsed options.
 * @throws SETTING_INVALID
 */
export function amountsOfFlags(options: Readonly<Record<string, unknown>>): SidecarAmounts {
  const amounts: Partial<Record<AmountName, string>> = {};
  for (const name of amountNames) {
    const value = options[name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
    if (typeof value !== 'string') continue;
    const problem = amountProblem(name, value);
    if (problem !== undefined)
      throw codedError('SETTING_INVALID', `${name} "${value}" ${problem}`, { where: `--${name}` });
    amounts[name] = value;
  }
  return amounts;
}
