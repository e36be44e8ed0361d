import { chmod, writeFile } from 'node:fs/promises';

/** Each command that talks to a cluster, with the least that it needs. */
export const clusterCommands: Readonly<Record<string, readonly string[]>> = {
  patch: ['deploy/web', '--image', 'registry.example/agent:1'],
  unpatch: ['deploy/web'],
  start: ['web-1'],
  stop: ['web-1'],
  status: [],
  download: ['web-1'],
  attach: ['web-1', '--image', 'registry.example/agent:1'],
  keep: ['web-1'],
  summary: ['web-1'],
  stream: ['web-1', '-o', '-'],
  install: ['--yes'],
  upgrade: ['--yes'],
  uninstall: ['--yes'],
  why: ['web-1'],
  check: [],
};

/** Makes a program of a shell script. */
export async function writeProgram(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}
