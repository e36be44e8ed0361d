import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codedError } from '../../../errors.ts';
import { readSidecarConfig, type SidecarConfig } from '../../../sidecar/index.ts';
import { yamlValue } from '../../manifest/yamlValue.ts';
import type { Source } from './reload.ts';

/**
 * The source of the mounted `sidecarconfig.yaml`, read as the command line reads it. Its `read` throws FILE_UNREADABLE;
 * its `parse` throws YAML_INVALID, SIDECAR_CONFIG_INVALID, SETTING_UNKNOWN, SETTING_INVALID.
 */
export function configurationSource(file: string): Source<SidecarConfig> {
  return {
    name: 'configuration',
    folder: dirname(file),
    read: async () => [await readText(file)],
    parse: async ([text = '']) => readSidecarConfig(yamlValue(text, file), file),
  };
}

/** Reads the present configuration from the file. @throws as {@link configurationSource} */
export async function readConfiguration(file: string): Promise<SidecarConfig> {
  const { read, parse } = configurationSource(file);
  return parse(await read());
}

/** Reads a file as UTF-8. @throws FILE_UNREADABLE */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw codedError(
      'FILE_UNREADABLE',
      `cannot read the file: ${error instanceof Error ? error.message : String(error)}`,
      {
        where: file,
        cause: error,
      },
    );
  }
}
