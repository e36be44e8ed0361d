import { join } from 'node:path';

/**
 * Wireshark's folder for the settings of this user, as Wireshark itself finds it.
 * @param exists whether a path exists: an old folder is used while there is no new one
 * @see https://gitlab.com/wireshark/wireshark wsutil/filesystem.c, get_persconffile_dir_no_profile
 */
export function configurationFolder(
  environment: Readonly<Record<string, string | undefined>>,
  platform: string,
  exists: (path: string) => boolean,
): string | undefined {
  const { WIRESHARK_CONFIG_DIR: own = '', APPDATA: roaming = '', HOME: home = '' } = environment;
  if (own !== '') return own;
  if (platform === 'win32') return roaming === '' ? undefined : join(roaming, 'Wireshark');
  const { XDG_CONFIG_HOME: configured = '' } = environment;
  if (home === '' && configured === '') return undefined;
  const present = join(configured === '' ? join(home, '.config') : configured, 'wireshark');
  const old = join(home, '.wireshark');
  return !exists(present) && home !== '' && exists(old) ? old : present;
}
