import { execa } from 'execa';

/** A program and its arguments; its output is thrown away. */
export type Argv = readonly string[];

/**
 * Wall time of whole commands in milliseconds: one warm-up each, then `runs` rounds in which they take turns, so that
 * all of them meet the same moods of the machine.
 * @throws when one of them fails
 */
export async function timeCommands<K extends string>(
  commands: Readonly<Record<K, Argv>>,
  runs: number,
): Promise<Record<K, number[]>> {
  const names = Object.keys(commands) as K[];
  const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<K, number[]>;
  for (let round = 0; round <= runs; round += 1) {
    for (const name of names) {
      const [file = '', ...args] = commands[name];
      const from = performance.now();
      await execa(file, args, { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
      if (round > 0) times[name].push(performance.now() - from);
    }
  }
  return times;
}
