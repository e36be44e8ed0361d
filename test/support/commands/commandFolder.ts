import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll } from 'vitest';

export interface Run {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of a test file, in which the program runs. */
export interface CommandFolder {
  /** The path of a file in it. */
  readonly at: (name: string) => string;
  readonly packetCapture: (args: readonly string[], input?: string) => Promise<Run>;
  /** Writes a file. @returns its name */
  readonly put: (name: string, text: string) => Promise<string>;
  readonly read: (name: string) => Promise<string>;
}

/** Makes it before the tests of the file, and removes it after them. */
export function useCommandFolder(): CommandFolder {
  let folder = '';
  const at = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'packet-capture-cli-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });
  return {
    at,
    packetCapture: async (args, input = '') => {
      const program = join(import.meta.dirname, '../../../bin/packet-capture.js');
      const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args], {
        cwd: folder,
        reject: false,
        stripFinalNewline: false,
        input,
      });
      return { exitCode, stdout, stderr };
    },
    put: async (name, text) => {
      await writeFile(at(name), text);
      return name;
    },
    read: async (name) => readFile(at(name), 'utf8'),
  };
}
