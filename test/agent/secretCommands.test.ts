import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useAgents } from '../support/agent/fixture.ts';

const { folder, network, start } = useAgents();
const remote = ['[x]', 'type = webdav', 'url = http://127.0.0.1:1/', 'vendor = other'];
const command = 'sh -c id>/captures/ran';

/** Keys that a user who may write the Secret for uploads can put into it. */
test.each([
  [
    'bearer_token_command',
    [...remote, `bearer_token_command = ${command}`],
    /^bearer_token_command of \[x\] in rclone\.conf is refused: it runs a program$/,
  ],
  [
    'another spelling',
    [...remote, `BEARER-TOKEN-COMMAND: ${command}`],
    /^BEARER-TOKEN-COMMAND of \[x\] in rclone\.conf is refused: it runs a program$/,
  ],
  [
    'ssh',
    ['[x]', 'type = sftp', 'host = 127.0.0.1', `ssh = ${command}`],
    /^ssh of \[x\] in rclone\.conf is refused: it runs a program$/,
  ],
  [
    'an option of rclone itself',
    [...remote, `override.metadata_mapper = ${command}`],
    /^override\.metadata_mapper of \[x\] .* changes rclone itself$/,
  ],
  [
    'a role of the node',
    ['[x]', 'type = s3', 'env_auth = true'],
    /^env_auth of \[x\] in rclone\.conf is refused: it asks the container and the node for credentials/,
  ],
  [
    'a profile with a command',
    ['[x]', 'type = s3', 'shared_credentials_file = /captures/evil'],
    /^shared_credentials_file of \[x\] .* may name a program/,
  ],
  [
    "a remote of the container's own files",
    ['[x]', 'type = alias', 'remote = /captures'],
    /^remote of \[x\] in rclone\.conf is refused: it does not name another remote of the file$/,
  ],
  ['a type that reads files', ['[x]', 'type = local'], /^type local of \[x\] in rclone\.conf is not built in/],
])('rclone.conf with %s uploads nothing and runs nothing, and the capture goes on', async (_, lines, reason) => {
  const [captures, secret] = [await folder(), await folder()];
  await writeFile(join(secret, 'rclone.conf'), lines.join('\n'), { mode: 0o644 });
  const agent = await start({ captures, secret, settings: { filter: 'udp', upload: 'x:y', rotate: '1s' } });
  await agent.next('started');
  await network().send({ count: 3 });
  expect(await agent.next('upload failed')).toMatchObject({ reason: expect.stringMatching(reason) });
  expect(
    await access(join(captures, 'ran')).then(
      () => 'ran',
      () => 'did not run',
    ),
  ).toBe('did not run');
  await agent.alone();
  await agent.kill();
});
