import { basename } from 'node:path';
import type { Command } from 'commander';
import {
  downloadFiles,
  mergeInto,
  noteName,
  type DownloadedWindow,
  type DownloadOptions,
  type DownloadResult,
  type FetchedFile,
  type MergeOutcome,
} from '../../captures/download/index.ts';
import { readNaming, type AddressBook } from '../../captures/names/index.ts';
import { codedError, type CodedError } from '../../errors.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { makeKubectl, makeKubectlStart, type Kubectl } from '../../kubernetes/kubectl.ts';
import { formatBytes } from '../../quantity.ts';
import { version } from '../../version.ts';
import { addNamesFlag, namesNote, type NamesFlag } from '../flags/namesFlag.ts';
import { addPathOrJson, type PathOrJson } from '../flags/pathOrJson.ts';
import { addPodFlags, somePodsOf, type PodFlags } from '../flags/podFlags.ts';
import { addWindowFlags, windowOfFlags, type WindowFlags } from '../flags/windowFlags.ts';
import { interruption } from '../io/interruption.ts';
import { counted, printJson, say } from '../io/output.ts';
import { createProgressLine } from '../io/progressLine.ts';
import { checkFolder, checkNoFile, checkNoFolder, isThere } from '../io/streamOutput.ts';
import { notCaptured, tellWithout } from '../shared/withoutSidecar.ts';

const defaultFolder = 'captures';

/** `download POD|TYPE/NAME|-l SELECTOR`: the capture files of live pods. */
export function addDownload(program: Command): void {
  const command = program
    .command('download')
    .description('copy the capture files of running pods here, verified by size and checksum; a folder for each pod')
    .argument('[POD|TYPE/NAME]', "a pod's name, or a workload or Service as kubectl takes it: deploy/web");
  addPathOrJson(
    addNamesFlag(addWindowFlags(addPodFlags(command), 'only packets')),
    'DIR',
    `the folder to write to, with a subfolder for each pod; files that are complete are not fetched again (default: ${defaultFolder})`,
    defaultFolder,
  )
    .option('--merge <FILE>', 'also merge them by time into one pcapng; its interfaces are named NAMESPACE/POD:DEVICE')
    .option('--kept [ID]', 'files that are kept, and their keep.json, instead of the ring; all of them, or of one keep')
    .option('--open', 'also fetch files that are still being written, as NAME.open.pcapng')
    .addHelpText(
      'after',
      '\nExit codes: 0 all files are here, 1 some are missing (run it again: it continues) or there is nothing to merge, 2 wrong usage.',
    )
    .action(async (name: string | undefined, flags: DownloadFlags) => {
      await runDownload(name, flags);
    });
}

/** The flags of `download`. `output` is a folder; `kept` is true without an ID, which means all keeps. */
export interface DownloadFlags extends PodFlags, WindowFlags, NamesFlag, PathOrJson {
  readonly output: string;
  readonly merge?: string;
  readonly open?: boolean;
  readonly kept?: string | true;
}

/** `download`: writes files to a folder, reports to standard error, and prints the result with `-o json`. */
export async function runDownload(name: string | undefined, flags: DownloadFlags): Promise<void> {
  const { namespace, output: folder, open = false, json = false } = flags;
  const target = somePodsOf(name, flags);
  const window = windowOfFlags(flags);
  const kept = keptOf(flags, window);
  if (folder === '' || flags.merge === '')
    throw codedError('USAGE', 'a path is empty', { where: folder === '' ? '--output' : '--merge' });
  await checkNoFile(folder);
  if (flags.merge !== undefined) await checkMerged(flags.merge);
  const signal = interruption();
  const connection = { ...clusterFlagsOf(flags), namespace, signal };
  const kubectl = makeKubectl(connection);
  const line = createProgressLine();
  let result: DownloadResult;
  try {
    result = await downloadFiles({
      kubectl,
      start: makeKubectlStart(connection),
      target,
      folder,
      openFiles: open,
      window,
      kept,
      signal,
      onProgress: ({ files, filesDone, bytes, bytesDone }) =>
        line.show(
          `${filesDone} of ${files} files, ${formatBytes(Math.min(bytes, bytesDone))} of ${formatBytes(bytes)}`,
        ),
      onFile: (file) => line.say(fileLine(file)),
      onWindow: (pod) => windowLines(pod).forEach((text) => line.say(text)),
    });
  } finally {
    line.end();
  }
  if (result.pods === 0) throw notCaptured(result);
  if (kept !== undefined) checkKept(result, kept);
  const merged = flags.merge === undefined ? undefined : await merge(flags.merge, result.files, flags.names, kubectl);
  const { where: _where, ended: _ended, ...reported } = result;
  if (json) printJson(merged === undefined ? reported : { ...reported, merged });
  conclude(result, line.seconds());
  if (flags.merge !== undefined && merged === undefined) throw await nothingMerged(flags.merge, result);
}

/** @throws FILE_UNWRITABLE */
async function checkMerged(file: string): Promise<void> {
  await checkNoFolder(file);
  await checkFolder(file);
}

/** An older file of this name must not be taken for the result. */
async function nothingMerged(file: string, { files, windows }: DownloadResult): Promise<CodedError> {
  const what = windows.length > 0 ? 'no file has a packet of that time' : 'there is no complete file';
  const older = (await isThere(file)) ? '; the file of that name is an older one, and was left as it is' : '';
  const isOpen = files.some(({ result }) => result === 'open');
  const hint = isOpen ? { hint: 'Add --open: files that are still being written are left out without it.' } : {};
  return codedError('NOTHING_TO_MERGE', `${what}${older}`, { where: file, ...hint });
}

type WantedKeeps = NonNullable<DownloadOptions['kept']>;

function keptOf({ kept }: DownloadFlags, window: object | undefined): WantedKeeps | undefined {
  if (kept === undefined) return undefined;
  if (window !== undefined) throw codedError('USAGE', '--kept excludes --last and --since', { where: '--kept' });
  return kept === true ? 'all' : { id: kept };
}

/** @throws NOT_FOUND when no pod has such a keep */
function checkKept({ files, problems, where }: DownloadResult, kept: WantedKeeps): void {
  if (files.length > 0 || problems.length > 0) return;
  throw codedError('NOT_FOUND', kept === 'all' ? 'no files are kept' : `no pod has a keep ${kept.id}`, {
    where,
    hint: 'Keep files with `packet-capture keep`; `packet-capture status -o json` lists the keeps of each pod.',
  });
}

function fileLine({ namespace, pod, file, result, bytes, path, reason, window }: FetchedFile): string {
  const share =
    window === undefined ? '' : `, ${window.packets} of ${counted(window.packets + window.outside, 'packet')}`;
  return `${namespace}/${pod}: ${path ?? file}: ${resultTexts[result]}, ${bytes < 1024 ? counted(bytes, 'byte') : formatBytes(bytes)}${share}${reason === null ? '' : `: ${reason}`}`;
}

function windowLines({ namespace, pod, from, to, begins, note }: DownloadedWindow): string[] {
  const name = `${namespace}/${pod}`;
  return [
    `${name}: ${from} to ${to}`,
    ...(note === null ? [] : [`${name}: ${note}`]),
    ...(begins === null ? [] : [`${name}: its oldest file begins at ${begins}: what was before is not in the ring`]),
  ];
}

const resultTexts: Readonly<Record<FetchedFile['result'], string>> = {
  downloaded: 'downloaded',
  resumed: 'downloaded the rest',
  present: 'is here already',
  vanished: 'vanished',
  open: 'left out: it is still being written (--open fetches it)',
  outside: 'has no packet of that time',
  failed: 'failed',
};

async function merge(
  target: string,
  files: readonly FetchedFile[],
  names: NamesFlag['names'],
  kubectl: Kubectl,
): Promise<MergeOutcome | undefined> {
  // Several keeps may have the same file.
  const byName = new Map(
    files.flatMap((file) =>
      file.path === null || basename(file.file) === noteName
        ? []
        : [[`${file.namespace}/${file.pod}/${basename(file.file)}`, { ...file, path: file.path }] as const],
    ),
  );
  const local = [...byName.values()];
  if (local.length === 0) return undefined;
  const naming = names === 'off' ? undefined : await namesFor(local, kubectl);
  const merged = await mergeInto(target, local, `packet-capture ${version}`, naming);
  for (const path of merged.truncated) say(`warning: ${path} ends in the middle of a packet`);
  const named = naming === undefined ? '' : `, names of ${naming.named} address${naming.named === 1 ? '' : 'es'}`;
  say(`${target}: ${counted(merged.files, 'file')} merged, ${formatBytes(merged.bytes)}${named}`);
  return merged;
}

async function namesFor(files: readonly FetchedFile[], kubectl: Kubectl): Promise<AddressBook> {
  const namespaces = [...new Set(files.map(({ namespace }) => namespace))];
  const { naming, note } = await readNaming(kubectl, async () => namespaces);
  if (note !== undefined) say(namesNote(note));
  return naming;
}

function conclude({ files, windows, problems, without, pods }: DownloadResult, seconds: number): void {
  const count = (...results: readonly FetchedFile['result'][]): number =>
    files.filter(({ result }) => results.includes(result)).length;
  for (const { namespace, name, problem } of problems) say(`${namespace}/${name}: ${problem}`);
  tellWithout(without);
  const parts = [
    [count('downloaded', 'resumed'), 'downloaded'],
    [count('present'), 'here already'],
    [count('open'), 'still being written'],
    [count('outside'), 'without a packet of that time'],
    [count('vanished'), 'removed from the ring'],
    [count('failed'), 'failed'],
  ] as const;
  const texts = parts.flatMap(([number, text]) => (number === 0 ? [] : [`${number} ${text}`]));
  const packets = files.reduce((sum, { window }) => sum + (window?.packets ?? 0), 0);
  say(
    [
      counted(pods, 'pod'),
      `${counted(files.length, 'file')}${texts.length === 0 ? '' : `: ${texts.join(', ')}`}`,
      ...(windows.length === 0 ? [] : [counted(packets, 'packet')]),
      `${seconds}s`,
    ].join(', '),
  );
  const missing = count('failed') + problems.length;
  if (missing > 0)
    throw codedError(
      'DOWNLOAD_INCOMPLETE',
      'not all files could be fetched: the lines above give the reasons',
      count('failed') === 0 && problems.every(({ otherVersion }) => otherVersion === true)
        ? { hint: 'The files are in the pod: `kubectl cp -c packet-capture POD:/captures ./captures` copies them.' }
        : {},
    );
}
