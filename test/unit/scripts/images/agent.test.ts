import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { olderGo } from '../../../../scripts/cluster/requirements.ts';
import { agentGoVersion } from '../../../../scripts/images/goBase.ts';
import { root } from '../../../../scripts/images/root.ts';
import { version } from '../../../../src/version.ts';

const agentFile = (name: string): Promise<string> => readFile(join(root, 'agent', name), 'utf8');

test('the agent is built with a Go that its module takes', async () => {
  const [, wanted = ''] = /^go (\S+)$/m.exec(await agentFile('go.mod')) ?? [];
  expect(olderGo(await agentGoVersion(), wanted)).toBe(false);
});

test('the agent has the version of the project', async () => {
  expect(await agentFile('internal/version/version.go')).toContain(`const Version = "${version}"\n`);
});

test('the image and its file system have the same user', async () => {
  const [, user] = /^user=(\d+)$/m.exec(await agentFile('image/rootfs.sh')) ?? [];
  expect(await agentFile('Dockerfile')).toContain(`\nUSER ${user}:${user}\n`);
});
