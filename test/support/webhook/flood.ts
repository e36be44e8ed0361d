import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FloodBody } from './floodBodies.ts';
import { host } from './injector.ts';

/** What an attacker does. */
export interface Flood {
  readonly port: number;
  readonly ca: string;
  /** The address of the loopback device that it comes from. */
  readonly from: string;
  readonly how: 'send' | 'hold' | 'idle' | 'silent' | 'crumbs' | 'unread';
  readonly bodies: readonly FloodBody[];
  /** Of each body. */
  readonly bytes: number;
  /** How often, and how many of them at the same time. */
  readonly count: number;
  readonly atOnce: number;
}

export interface FloodResult {
  /** Answers by their HTTP status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Connections that the server has not closed. */
  readonly open: number;
}

/** Attacks from processes of their own. @returns what came of each when all is sent, and what ends them */
export async function flood(
  attack: Flood,
  processes = 1,
): Promise<{ readonly results: readonly FloodResult[]; readonly end: () => Promise<void> }> {
  const program = join(import.meta.dirname, 'floodClient.ts');
  const share = {
    ...attack,
    host,
    count: Math.ceil(attack.count / processes),
    atOnce: Math.ceil(attack.atOnce / processes),
  };
  const children = Array.from({ length: processes }, () =>
    spawn(process.execPath, [program, JSON.stringify(share)], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  const results = await Promise.all(children.map(resultOf));
  const end = async (): Promise<void> => {
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null) return;
        child.stdin.end();
        await once(child, 'exit');
      }),
    );
  };
  return { results, end };
}

async function resultOf(child: ChildProcess): Promise<FloodResult> {
  if (child.stdout === null) throw new Error('no output');
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as FloodResult;
  throw new Error('an attacker ended without a result');
}
