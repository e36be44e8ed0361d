import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { codedError } from '../../errors.ts';
import { isObjectName } from '../../objectNames.ts';
import { connectionOf, type ApiConnection, type Ending, type TargetEvent } from '../../release/hooks/index.ts';
import { printJsonLine } from '../io/output.ts';

/** The flags that `opt-in` and `opt-out` share. */
export interface HookFlags {
  readonly release: string;
  readonly namespace: string;
  readonly record: string;
}

/** Adds the flags of {@link HookFlags}; the chart's hooks always give all of them. */
export function addHookFlags(command: Command): Command {
  return command
    .requiredOption('--release <NAME>', "the chart's release")
    .requiredOption('--namespace <NAME>', "the release's namespace")
    .requiredOption('--record <CONFIGMAP>', 'the ConfigMap in that namespace that records what was opted in');
}

/** The options of both commands: the flags, the API server of the container, and what SIGTERM does. */
export interface HookOptions {
  readonly connection: ApiConnection;
  readonly release: string;
  readonly namespace: string;
  readonly recordName: string;
  readonly ending: Ending;
  readonly report: (event: TargetEvent) => void;
}

/** Less than the default grace period of a pod, 30 seconds. */
const endMs = 20_000;

/**
 * The options of both commands. SIGTERM is handled, because the first process of a container ignores a signal without a
 * handler. Changes are already recorded then, so the commands only wait for the removal of trial pods.
 */
export function hookOptions({ release, namespace, record }: HookFlags): HookOptions {
  const interrupted = new AbortController();
  const held = new Set<Promise<unknown>>();
  const end = async (signal: 'SIGTERM' | 'SIGINT'): Promise<void> => {
    report({ event: 'interrupted', signal });
    interrupted.abort();
    await Promise.race([Promise.allSettled(held), sleep(endMs)]);
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end(signal));
  const hold: Ending['hold'] = async (work) => {
    held.add(work);
    try {
      return await work;
    } finally {
      held.delete(work);
    }
  };
  checkName(namespace, '--namespace');
  checkName(record, '--record');
  const ending = { signal: interrupted.signal, hold };
  return { connection: connectionOf(process.env), release, namespace, recordName: record, ending, report };
}

function checkName(name: string, flag: string): void {
  if (!isObjectName(name))
    throw codedError('USAGE', `${JSON.stringify(name)} is not the name of an object`, { where: flag });
}

function report(event: TargetEvent): void {
  printJsonLine(event);
}
