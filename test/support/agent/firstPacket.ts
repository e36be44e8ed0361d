import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readNumbered } from '../cluster/sequence.ts';
import type { Agent } from './agent.ts';

/**
 * Waits for an agent's first packets on port 9999, and kills it.
 * @returns how long after the start of the image's entrypoint the first one came that is stored, in milliseconds
 */
export async function firstPacket(agent: Agent, startNote: string): Promise<number> {
  await agent.next('started');
  await sleep(150);
  const packets = await readNumbered(await agent.files(), 9999);
  await agent.kill();
  return (Math.min(...packets.map(({ time }) => time)) - Number(await readFile(startNote, 'utf8'))) * 1000;
}
