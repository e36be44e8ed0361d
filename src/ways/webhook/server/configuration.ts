import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codedError } from '../../../errors.ts';
import { readSidecarConfig, type SidecarConfig } from '../../../sidecar/index.ts';
import type { Source } from './reload.ts';

/**
 * The mounted `sidecarconfig.yaml`, read as the command line reads it.
 * Its `read` throws FILE_UNREADABLE; its `parse` YAML_INVALID, SIDECAR_CONFIG_INVALID, SETTING_UNKNOWN, SETTING_INVALID.
 */
export function configurationSource(file: string): Source<SidecarConfig> {
  return {
    name: 'configuration',
    folder: dirname(file),
    read: async () => [await readText(file)],
    parse: async ([text = '']) => readSidecarConfig(await valueOf(text, file), file),
  };
}

/** The configuration as the file has it now. @throws as {@link configurationSource} */
export async function readConfiguration(file: string): Promise<SidecarConfig> {
  const { read, parse } = configurationSource(file);
  return parse(await read());
}

/** @throws FILE_UNREADABLE */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw codedError('FILE_UNREADABLE', `cannot read it: ${error instanceof Error ? error.message : String(error)}`, { where: file, cause: error });
  }
}

/** The chart writes JSON, which is YAML too: to load what reads any other YAML would be a tenth of the start. */
async function valueOf(text: string, where: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return yamlOf(text, where);
  }
}

async function yamlOf(text: string, where: string): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    return parse(text, { version: '1.1' });
  } catch (error) {
    throw codedError('YAML_INVALID', String(error), { where, hint: 'Correct the file.', cause: error });
  }
}
