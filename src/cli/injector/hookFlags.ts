import { constants } from 'node:os';
import type { Command } from 'commander';
import { codedError } from '../../errors.ts';
import { printJsonLine } from '../output.ts';
import { connectionOf, isObjectName, type ApiConnection, type TargetEvent } from '../../targets/index.ts';

/** The flags that `opt-in` and `opt-out` share. */
export interface HookFlags {
  readonly release: string;
  readonly namespace: string;
  readonly record: string;
}

export function addHookFlags(command: Command): Command {
  return command
    .requiredOption('--release <NAME>', "the chart's release")
    .requiredOption('--namespace <NAME>', "the release's own namespace")
    .requiredOption('--record <CONFIGMAP>', 'in that namespace: keeps what was opted in');
}

export interface HookOptions {
  readonly connection: ApiConnection;
  readonly release: string;
  readonly namespace: string;
  readonly recordName: string;
  readonly report: (event: TargetEvent) => void;
}

/**
 * What both commands hand on. SIGTERM ends them at once: the first process of a container ignores a signal that it
 * does not handle, and what is done is recorded.
 */
export function hookOptions({ release, namespace, record }: HookFlags): HookOptions {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      report({ event: 'interrupted', signal });
      process.exit(128 + constants.signals[signal]);
    });
  }
  checkName(namespace, '--namespace');
  checkName(record, '--record');
  return { connection: connectionOf(process.env), release, namespace, recordName: record, report };
}

function checkName(name: string, flag: string): void {
  if (!isObjectName(name)) throw codedError('USAGE', `${JSON.stringify(name)} is no name of an object`, { where: flag });
}

function report(event: TargetEvent): void {
  printJsonLine(event);
}
