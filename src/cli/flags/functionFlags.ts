import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { codedError, isCodedError } from '../../errors.ts';
import type { FunctionConfig } from '../../ways/manifest/index.ts';
import { decodeText } from '../io/encoding.ts';
import type { Input } from '../io/input.ts';
import { flagsOfFunction, type InjectFlags } from './injectFlags.ts';

/** The flag by which kustomize calls `inject` as a plugin. */
export interface FunctionFlags {
  readonly functionConfig?: string;
}

/** Adds the flag of {@link FunctionFlags} to a command. */
export function addFunctionFlags(command: Command): Command {
  return command.option(
    '--function-config <FILE>',
    'an object with more flags in its data (ConfigMap) or spec, as kustomize passes it to a plugin',
  );
}

/**
 * The flags, and for those that are not given the function config: of `--function-config`, and of a ResourceList on
 * standard input.
 * @throws USAGE, FILE_UNREADABLE, YAML_INVALID, MANIFEST_INVALID
 */
export async function withFunctionFlags<T extends InjectFlags & FunctionFlags>(
  flags: T,
  inputs: readonly Input[],
): Promise<T> {
  const fromFile =
    flags.functionConfig === undefined
      ? {}
      : flagsOfFunction(await readConfigFile(flags.functionConfig), flags.functionConfig);
  const config = await functionConfigIn(inputs);
  const fromInput = config === undefined ? {} : flagsOfFunction(config, '-: functionConfig');
  return { ...fromFile, ...fromInput, ...flags };
}

async function functionConfigIn(inputs: readonly Input[]): Promise<FunctionConfig | undefined> {
  const { readFunctionConfig } = await import('../../ways/manifest/index.ts');
  const input = inputs.find(({ file }) => file === '-');
  if (input === undefined) return undefined;
  for await (const text of input.texts()) return readFunctionConfig(text, input.file);
  return undefined;
}

async function readConfigFile(file: string): Promise<FunctionConfig> {
  const [{ functionOptions }, { parse }] = await Promise.all([import('../../ways/manifest/index.ts'), import('yaml')]);
  let text: string;
  try {
    text = decodeText(await readFile(file), file);
  } catch (error) {
    if (isCodedError(error)) throw error;
    throw codedError('FILE_UNREADABLE', error instanceof Error ? error.message : String(error), {
      where: file,
      cause: error,
    });
  }
  let config: unknown;
  try {
    config = parse(text, { version: '1.1' });
  } catch (error) {
    throw codedError('YAML_INVALID', String(error), { where: file, cause: error });
  }
  return functionOptions(config, file);
}
