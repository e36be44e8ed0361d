import { readFile } from 'node:fs/promises';
import { thisMoment } from '../../../src/captures/index.ts';
import type { KeepPodsOptions } from '../../../src/captures/keep/index.ts';
import { codedError } from '../../../src/errors.ts';
import type { Event, Pod } from '../../../src/kubernetes/api/types.ts';
import type { Kubectl } from '../../../src/kubernetes/kubectl.ts';
import { formatTime, millisecondsToNanoseconds } from '../../../src/time.ts';

const keepAnnotation = 'packet-capture/keep';

/** What an agent is, by the annotation that it has; undefined: it does not see the annotation. */
export type Agent = (value: string) => { readonly keeps?: readonly object[]; readonly status?: object } | undefined;

/** The pods of a cluster, and how it answers. */
export interface World {
  readonly agents: Readonly<Record<string, Agent>>;
  readonly attached?: boolean;
  /** What every status has as well, or why there is none. */
  readonly status?: object | Error;
  /** Seconds by which the pods' clock is ahead. */
  readonly ahead?: number;
  readonly fails?: Error;
  /** After so many questions for a note the pod is gone. */
  readonly goneAfter?: number;
  /** Of the namespace, or why they may not be listed. */
  readonly events?: readonly Event[] | Error;
}

/** A keep.json of the window that the annotation has, as an agent writes it at the end. */
export const note = (value: string, rest: object = {}): { readonly id: string } & Record<string, unknown> => {
  const [from = '', to = ''] = value.split(' ')[0]?.split('/') ?? [];
  const counts = { files: [{}, {}], bytes: 2048, packets: 7, dropped: 0, complete: true };
  return { id: 'ID-2', from, to, requestedAt: to, ...counts, ended: to, ...rest };
};

/** An agent that keeps what it is asked for, next to an older keep. */
export const keeps: Agent = (value) => ({
  keeps: [note('2026-01-01T00:00:00Z/2026-01-01T00:00:01Z', { id: 'ID' }), note(value)],
});

/** A pod with an agent. */
export function podObject(name: string, attached: boolean): Pod {
  const container = { name: 'packet-capture', image: 'agent', command: ['agent', 'run', '--attached'] };
  const statuses = [{ name: 'packet-capture', state: { running: {} } }];
  return {
    metadata: { name, namespace: 'shop', uid: `uid-${name}` },
    spec: { containers: [], ...(attached ? { ephemeralContainers: [container] } : { initContainers: [container] }) },
    status: { phase: 'Running', [attached ? 'ephemeralContainerStatuses' : 'initContainerStatuses']: statuses },
  };
}

/** What keepPods is called with, and what came of it. */
export interface Bench {
  readonly options: KeepPodsOptions;
  /** Annotations and commands, as they came. */
  readonly sent: string[];
  readonly lines: string[];
}

/** A cluster of pods. */
export function bench(
  { agents, attached = false, status: always = {}, ahead = 0, fails, goneAfter = Infinity, events = [] }: World,
  changed: Partial<KeepPodsOptions> = {},
): Bench {
  const annotations = new Map<string, string>();
  const sent: string[] = [];
  const lines: string[] = [];
  let notes = 0;
  const seenBy = (name: string): ReturnType<Agent> => {
    const value = annotations.get(name);
    return value === undefined ? undefined : agents[name]?.(value);
  };
  const status = (name: string): object => {
    if (always instanceof Error) throw always;
    const seen = seenBy(name);
    const ids = (seen?.keeps ?? []).map((keep) => (keep as { readonly id: string }).id);
    return {
      state: 'capturing',
      settings: { keep: seen === undefined ? '' : annotations.get(name) },
      invalid: [],
      kept: { keeps: ids.length, ids, lasting: [] },
      ...seen?.status,
      ...always,
    };
  };
  const execute = (name: string, command: string, input: string): { stdout: string; stderr: string } => {
    if (command.endsWith('agent keep')) {
      sent.push(`${name} command ${input}`);
      const { from, to } = JSON.parse(input) as { from: string; to: string };
      return answer(note(`${from}/${to}`));
    }
    if (command.endsWith('--list')) {
      const now = formatTime(millisecondsToNanoseconds(Date.now() + ahead * 1000));
      return { stdout: `{"state":"capturing"}\nnow ${now}\n9 ${name}_20261129000000_00001.pcapng\n`, stderr: '' };
    }
    const [, id] = /kept\/(.*)\/keep\.json$/.exec(command) ?? [];
    if (id === undefined) return answer(status(name));
    notes += 1;
    if (notes > goneAfter) throw codedError('NOT_FOUND', `pods "${name}" not found`);
    const found = seenBy(name)?.keeps?.find((keep) => (keep as { readonly id: string }).id === id);
    return { stdout: `checksum\n${JSON.stringify(found)}`, stderr: '' };
  };
  const kubectl: Kubectl = async (args, call) => {
    if (args.join(' ').includes('/events')) {
      if (events instanceof Error) throw events;
      return answer({ items: events });
    }
    if (args[0] === 'get') return answer({ items: Object.keys(agents).map((name) => podObject(name, attached)) });
    const name = (args[1] ?? '').replace('pod/', '');
    if (args[0] === 'exec') return execute(name, args.join(' '), call?.input ?? '');
    if (fails !== undefined) throw fails;
    const file = args.find((arg) => arg.startsWith('--patch-file='))?.slice('--patch-file='.length) ?? '';
    const { metadata } = JSON.parse(await readFile(file, 'utf8')) as {
      metadata: { annotations: Record<string, string> };
    };
    const wanted = metadata.annotations[keepAnnotation];
    const dry = args.includes('--dry-run=server');
    sent.push(`${name} ${wanted ?? 'refresh'}${dry ? ' dry' : ''}`);
    if (wanted !== undefined && !dry) annotations.set(name, wanted);
    return answer({ metadata: { name } });
  };
  const options: KeepPodsOptions = {
    kubectl,
    target: { selector: 'app=web', namespace: 'shop' },
    window: { from: { secondsAgo: 600 }, to: { secondsAgo: 0 }, asked: thisMoment() },
    andSeconds: 120,
    reason: 'payments fail',
    by: 'alice',
    timeoutSeconds: 1,
    dryRun: false,
    wait: true,
    report: (line) => lines.push(line),
    ...changed,
  };
  return { options, sent, lines };
}

function answer(value: object): { stdout: string; stderr: string } {
  return { stdout: JSON.stringify(value), stderr: '' };
}
