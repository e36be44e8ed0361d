import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parse } from 'yaml';
import { codedError } from '../../errors.ts';
import { readSidecarConfig, type SidecarConfig } from '../../sidecar/index.ts';
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
    parse: ([text = '']) => readSidecarConfig(yamlOf(text, file), file),
  };
}

/** @throws FILE_UNREADABLE */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw codedError('FILE_UNREADABLE', `cannot read it: ${error instanceof Error ? error.message : String(error)}`, { where: file, cause: error });
  }
}

function yamlOf(text: string, where: string): unknown {
  try {
    return parse(text, { version: '1.1' });
  } catch (error) {
    throw codedError('YAML_INVALID', String(error), { where, hint: 'Correct the file.', cause: error });
  }
}
