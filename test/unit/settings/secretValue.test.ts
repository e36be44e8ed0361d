import { expect, test } from 'vitest';
import { parseAgentStatus } from '../../../src/captures/parseAgentStatus.ts';
import { settingsOfFlags } from '../../../src/cli/flags/settingFlags.ts';
import { formatError, isCodedError } from '../../../src/errors.ts';
import { readSidecarConfig } from '../../../src/sidecar/index.ts';

const secret = 'hunter2';

/** What rclone takes for a destination and the sidecar does not: each brings its credentials along. */
const destinations = [
  `:s3,access_key_id=AKIA,secret_access_key=${secret}:bucket`,
  `s3,secret_access_key=${secret}:bucket`,
  `https://me:${secret}@files.example/captures`,
  `:sftp,host=h,user=u,pass=${secret}:/captures`,
  `s3:bucket/${secret}/${'a'.repeat(2000)}`,
  secret,
] as const;

function said(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isCodedError(error)) return [formatError(error), error.message, String(error.stack)].flat().join('\n');
    throw error;
  }
  return '';
}

test.each(destinations)('an invalid destination is reported, and no message contains its value: %#', (upload) => {
  for (const text of [
    said(() => settingsOfFlags({ upload })),
    said(() => readSidecarConfig({ settings: { upload } }, 'sidecarconfig.yaml')),
  ]) {
    expect(text).toMatch(/upload must be /);
    expect(text).not.toContain(secret);
  }
});

test("the agent's report of its setting does not contain the value either", () => {
  const [upload] = destinations;
  const invalid = [
    { setting: 'upload', value: upload, reason: 'must be REMOTE:PATH' },
    { setting: 'filter', value: 'x', reason: 'syntax error' },
  ];
  const parsed = parseAgentStatus(JSON.stringify({ state: 'capturing', settings: { upload, filter: 'udp' }, invalid }));
  expect(JSON.stringify(parsed)).not.toContain(secret);
  expect(parsed).toMatchObject({
    status: {
      settings: { filter: 'udp' },
      invalid: [
        { setting: 'upload', reason: 'must be REMOTE:PATH' },
        { setting: 'filter', value: 'x' },
      ],
    },
  });
  // A good one holds no secret: whether it was taken is told by it.
  expect(parseAgentStatus(JSON.stringify({ state: 'capturing', settings: { upload: 's3:bucket' } }))).toMatchObject({
    status: { settings: { upload: 's3:bucket' } },
  });
});
