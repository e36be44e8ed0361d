import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { codedError } from '../../errors.ts';
import { fileProblem } from '../../fileProblem.ts';
import {
  configurationFolder,
  mostColours,
  profileFiles,
  profileName,
  type ColouredPod,
} from '../../wireshark/index.ts';
import { say } from '../io/output.ts';

/** `wireshark-profile`: writes a profile of Wireshark for captures of this program. */
export function addWiresharkProfile(program: Command): void {
  program
    .command('wireshark-profile')
    .description(
      'write a Wireshark profile: names of pods instead of addresses, columns for pod, device and node, a colour for each pod',
    )
    .argument('[NAMESPACE/POD...]', `pods to colour, at most ${mostColours} (default: one of ten colours by interface)`)
    .option('--install', "write it to Wireshark's own folder of profiles")
    .option('-o, --output <DIR>', `the folder in which the folder ${profileName} is written (default: this one)`)
    .option('--force', 'overwrite a profile that is different')
    .addHelpText('after', '\nUse it with: wireshark -C packet-capture FILE (Wireshark 4.0 or later)')
    .action(async (pods: readonly string[], flags: ProfileFlags) => {
      await runWiresharkProfile(pods, flags);
    });
}

/** The flags of `wireshark-profile`. `install` and `output` exclude each other. */
export interface ProfileFlags {
  readonly install?: boolean;
  readonly output?: string;
  readonly force?: boolean;
}

/** @throws USAGE, FILE_EXISTS, FILE_UNREADABLE, FILE_UNWRITABLE */
export async function runWiresharkProfile(
  pods: readonly string[],
  { install = false, output, force = false }: ProfileFlags,
): Promise<void> {
  if (install && output !== undefined) throw codedError('USAGE', '--install and -o exclude each other');
  if (output === '') throw codedError('USAGE', 'a path is empty', { where: '--output' });
  const files = profileFiles(colouredPods(pods));
  const folder = join(install ? profilesFolder() : (output ?? '.'), profileName);
  await writeProfile(folder, files, force);
  say(`wrote ${folder}: ${Object.keys(files).join(', ')}`);
  if (!install) say('copy it to the folder "profiles" of Wireshark\'s personal configuration, or use --install');
  say('live: packet-capture stream TYPE/NAME | wireshark -C packet-capture -k -i -');
  say('a file: wireshark -C packet-capture FILE');
}

/** @throws USAGE */
function colouredPods(pods: readonly string[]): ColouredPod[] {
  if (pods.length > mostColours)
    throw codedError('USAGE', `there are ${mostColours} colours, and ${pods.length} pods are named`);
  return pods.map((text) => {
    const [, namespace = '', name = ''] = /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/.exec(text) ?? [];
    if (name === '') throw codedError('USAGE', `"${text}" is not NAMESPACE/POD, for example shop/web-1`);
    return { namespace, name };
  });
}

/** @throws USAGE */
function profilesFolder(): string {
  const folder = configurationFolder(process.env, process.platform, existsSync);
  if (folder === undefined)
    throw codedError('USAGE', "Wireshark's folder is not known without a home folder", {
      where: '--install',
      hint: 'Name a folder with -o, or set the environment variable WIRESHARK_CONFIG_DIR.',
    });
  return join(folder, 'profiles');
}

/** Looks at all files before it writes one. */
async function writeProfile(folder: string, files: Readonly<Record<string, string>>, force: boolean): Promise<void> {
  const paths = Object.entries(files).map(([name, text]) => ({ path: join(folder, name), text }));
  for (const { path, text } of paths) {
    const present = await presentText(path);
    if (!force && present !== undefined && present !== text)
      throw codedError('FILE_EXISTS', 'there is another profile of this name', { where: path });
  }
  for (const { path, text } of paths) await replaceText(folder, path, text);
}

/** Undefined when there is no file. */
async function presentText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw codedError('FILE_UNREADABLE', error instanceof Error ? error.message : String(error), { where: path });
  }
}

async function replaceText(folder: string, path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(temporary, text, { flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw codedError('FILE_UNWRITABLE', fileProblem(error), { where: path });
  }
}
