import { Option, type Command } from 'commander';
import { codedError } from '../../errors.ts';
import type { PodSecurityLevel } from '../../inject/index.ts';
import { bounds } from '../../settings/index.ts';
import { attachedSettings, notWhenAttached } from '../../sidecar/index.ts';
import { durationOfFlag } from './flagValues.ts';
import type { NamesFlag } from './namesFlag.ts';
import { addPathOrJson, type PathOrJson } from './pathOrJson.ts';
import { addPodFlags, type PodFlags } from './podFlags.ts';
import { addSettingFlags } from './settingFlags.ts';
import { addSidecarFlags, type SidecarFlags } from './sidecarFlags.ts';
import { addStreamFlags } from './streamFlags.ts';

/**
 * The flags of `attach` as the user wrote them; the settings among them are read by their names in the table of
 * settings.
 */
export interface AttachFlags extends PodFlags, SidecarFlags, NamesFlag, PathOrJson, Readonly<Record<string, unknown>> {
  /** A path, or `-`; absent: the packets go into files in the pod. */
  readonly output?: string;
  readonly force?: boolean;
  readonly maxPods: string;
  readonly ttl?: string;
  readonly reason?: string;
  readonly podSecurity?: PodSecurityLevel;
  readonly dryRun?: boolean;
  readonly ignoreMemory?: boolean;
  readonly timeout: string;
}

/** How long an attached agent stays. */
export const defaultTtl = '1h';

/** Adds the flags of {@link AttachFlags} to a command. */
export function addAttachFlags(command: Command): Command {
  const flags = addStreamFlags(
    addPathOrJson(
      addPodFlags(command),
      'FILE',
      'write the packets here as they arrive, as `stream` does; -: standard output (default: files in the pod, for `download`)',
    ),
  )
    .option(
      '--ttl <DURATION>',
      `the attached container ends by itself after this time, though not while a command uses it (default: ${defaultTtl})`,
    )
    .option('--reason <TEXT>', "why, for others: it is in an Event of the pod, and in the files' comment")
    .addOption(
      new Option(
        '--pod-security <LEVEL>',
        'the level that the namespace enforces (default: its label, otherwise privileged)',
      ).choices(['privileged', 'baseline', 'restricted']),
    )
    .option(
      '--ignore-memory',
      'attach also to pods that have less than 16Mi left of their memory limit; the kernel may kill the app there',
    )
    .option('--dry-run', 'let the API server check everything and store nothing; prints what would stay in the pods')
    .option('--timeout <DURATION>', 'for the containers to start, and then for their captures', '60s');
  // The agent waits until it is told: the command tells it to capture, unless --state says otherwise.
  return addSettingFlags(addSidecarFlags(flags), notWhenAttached, { ...attachedSettings, state: 'running' });
}

/** @throws USAGE for values and combinations that are not valid */
export function checkAttachFlags({ ttl, reason, output, json, dryRun }: AttachFlags): void {
  if (ttl !== undefined) durationOfFlag(ttl, '--ttl', { example: defaultTtl });
  if (reason !== undefined && (reason.trim() === '' || Buffer.byteLength(reason) > bounds.longestNote))
    throw codedError('USAGE', `it must have 1 to ${bounds.longestNote} bytes`, { where: '--reason' });
  if (output === '') throw codedError('USAGE', 'a path is empty', { where: '--output' });
  if (json === true && output === '-' && dryRun !== true)
    throw codedError('USAGE', 'standard output is for the packets', {
      where: '-o json',
      hint: 'Name a file with -o, or leave the result out.',
    });
}
