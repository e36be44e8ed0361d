import { makeKubectl, makeKubectlStart } from '../cluster/index.ts';
import { clusterFlagsOf } from '../cluster/clusterFlags.ts';
import { codedError } from '../errors.ts';
import { downloadFiles, mergeInto, type DownloadResult, type FetchedFile, type MergeOutcome } from '../running/download/index.ts';
import { formatBytes } from '../running/index.ts';
import { version } from '../version.ts';
import { counted } from './counted.ts';
import { createProgressLine } from './progressLine.ts';
import { printJson, say } from './output.ts';
import { somePodsOf, type PodFlags } from './podFlags.ts';
import { interruption } from './interruption.ts';
import { notCaptured, tellWithout } from './withoutSidecar.ts';

export interface DownloadFlags extends PodFlags {
  readonly output: string;
  readonly merge?: string;
  readonly open?: boolean;
  readonly json?: boolean;
}

/** `download`: files to a folder, what happens to stderr, the result to stdout where a program asks for it. */
export async function runDownload(name: string | undefined, flags: DownloadFlags): Promise<void> {
  const { namespace, output: folder, open = false, json = false } = flags;
  const target = somePodsOf(name, flags);
  if (folder === '' || flags.merge === '') throw codedError('USAGE', 'a path is empty', { where: folder === '' ? '--output' : '--merge' });
  const signal = interruption();
  const connection = { ...clusterFlagsOf(flags), namespace, signal };
  const line = createProgressLine();
  let result: DownloadResult;
  try {
    result = await downloadFiles({
      kubectl: makeKubectl(connection),
      start: makeKubectlStart(connection),
      target,
      folder,
      openFiles: open,
      signal,
      onProgress: ({ files, filesDone, bytes, bytesDone }) =>
        line.show(`${filesDone} of ${files} files, ${formatBytes(Math.min(bytes, bytesDone))} of ${formatBytes(bytes)}`),
      onFile: (file) => line.say(fileLine(file)),
    });
  } finally {
    line.end();
  }
  if (result.pods === 0) throw notCaptured(result);
  const merged = flags.merge === undefined ? undefined : await merge(flags.merge, result.files);
  const { where: _where, ended: _ended, ...told } = result;
  if (json) printJson(merged === undefined ? told : { ...told, merged });
  conclude(result, line.seconds());
}

function fileLine({ namespace, pod, file, result, bytes, path, reason }: FetchedFile): string {
  return `${namespace}/${pod}: ${path ?? file}: ${resultTexts[result]}, ${formatBytes(bytes)}${reason === null ? '' : `: ${reason}`}`;
}

const resultTexts: Readonly<Record<FetchedFile['result'], string>> = {
  downloaded: 'downloaded',
  resumed: 'downloaded the rest',
  present: 'is here already',
  vanished: 'vanished',
  open: 'left out: it is still written to (--open takes it)',
  failed: 'failed',
};

async function merge(target: string, files: readonly FetchedFile[]): Promise<MergeOutcome | undefined> {
  const local = files.flatMap((file) => (file.path === null ? [] : [{ ...file, path: file.path }]));
  if (local.length === 0) {
    say(`${target}: nothing to merge`);
    return undefined;
  }
  const merged = await mergeInto(target, local, `packet-capture ${version}`);
  for (const path of merged.truncated) say(`warning: ${path} ends within a packet`);
  say(`${target}: ${counted(merged.files, 'file')} merged, ${formatBytes(merged.bytes)}`);
  return merged;
}

function conclude({ files, problems, without, pods }: DownloadResult, seconds: number): void {
  const count = (...results: readonly FetchedFile['result'][]): number => files.filter(({ result }) => results.includes(result)).length;
  for (const { namespace, name, problem } of problems) say(`${namespace}/${name}: ${problem}`);
  tellWithout(without);
  const parts = [
    [count('downloaded', 'resumed'), 'downloaded'],
    [count('present'), 'here already'],
    [count('open'), 'still written to'],
    [count('vanished'), 'vanished from the ring'],
    [count('failed'), 'failed'],
  ] as const;
  const texts = parts.flatMap(([number, text]) => (number === 0 ? [] : [`${number} ${text}`]));
  say(`${counted(pods, 'pod')}, ${counted(files.length, 'capture file')}${texts.length === 0 ? '' : `: ${texts.join(', ')}`}, ${seconds}s`);
  const missing = count('failed') + problems.length;
  if (missing > 0) throw codedError('DOWNLOAD_INCOMPLETE', 'not all files could be fetched: the lines above say which, and why');
}
