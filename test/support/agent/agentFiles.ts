import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent } from './agent.ts';
import { until } from './until.ts';

export type Status = Readonly<Record<string, unknown>> & { readonly state: string };

/** Reads the agent's status; undefined before there is one. It is replaced as a whole. */
export async function readStatus(captures: string): Promise<Status | undefined> {
  const text = await readFile(join(captures, '.agent/status.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Status);
}

/** Waits for a status for which `isWanted` is true. */
export async function statusWhen(
  what: string,
  captures: string,
  isWanted: (status: Status) => boolean,
): Promise<Status> {
  let last: Status | undefined;
  return until(
    `status ${what}`,
    async () => {
      last = await readStatus(captures);
      return last !== undefined && isWanted(last) ? last : undefined;
    },
    { instead: () => last },
  );
}

/** The path of an agent's volume, a folder or a file system in memory. */
export async function volumeOf(agent: Agent): Promise<string> {
  const [pid] = await agent.processes();
  return `/proc/${pid}/root/captures`;
}
