import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { busybox } from './busybox.ts';
import { agentKind } from './kind.ts';
import { useAgents } from './fixture.ts';

const { folder } = useAgents();

/** Runs lines of shell with a file of the agent's library, and gives what they print. */
async function shell(library: string, program: string, env: Readonly<Record<string, string>>): Promise<string> {
  const root = inject('agentRoot');
  const { stdout, stderr } = await run([...busybox(root), 'sh', '-f', '-c', `. ${root}/usr/lib/packet-capture/${library}.sh\n${program}`], { env });
  expect(stderr).toBe('');
  return stdout;
}

describe.skipIf(agentKind === 'go')('the workload of a pod', () => {
  test.each([
    ['web-5d4f7c9b8-x2x4z', { app: 'web', 'pod-template-hash': '5d4f7c9b8' }, 'web'],
    ['db-12', { 'apps.kubernetes.io/pod-index': '12', 'controller-revision-hash': 'db-6f4', 'statefulset.kubernetes.io/pod-name': 'db-12' }, 'db'],
    ['log-x2x4z', { 'controller-revision-hash': '7d9c6b5f4', 'pod-template-generation': '1' }, 'log'],
    ['report-28374650-x2x4z', { 'batch.kubernetes.io/job-name': 'report-28374650', 'job-name': 'report-28374650' }, 'report-28374650'],
    ['alone', { app: 'web' }, 'alone'],
    ['alone', {}, 'alone'],
    ['alone', { 'batch.kubernetes.io/job-name': '../up' }, 'alone'],
    ['web-1', { 'pod-template-hash': 'abc' }, 'web-1'],
  ])('%s %j is %s', async (podName, labels, workload) => {
    const settingsDir = await folder();
    const lines = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
    await writeFile(join(settingsDir, 'labels'), lines.join('\n'));
    expect(await shell('workload', 'findWorkload; printf %s "$workload"', { podName, settingsDir })).toBe(workload);
  });
});

describe.skipIf(agentKind === 'go')('what rclone.conf holds', () => {
  const config = [
    '[s3]', 'type = s3', 'provider = AWS', 'region = eu-west-1', 'endpoint = https://s3.eu-west-1.example', 'access_key_id = AKIAEXAMPLEKEYID',
    'secret_access_key=abc/def+ghi=jkl', '', '[gcs]', 'type = google cloud storage',
    'service_account_credentials = {"type":"service_account","private_key_id":"0123456789abcdef","private_key":"-----BEGIN\\nMIIEvQ\\n"}',
    '[azure]', 'sas_url = https://account.blob.example/c?sv=2026&sig=c2lnbmF0dXJl%3D', '[dav]', 'url = https://user:hunter22@dav.example/x', 'pass = 0bscured-Pass_word',
    'bearer_token = last-line-without-an-end',
  ];
  test.each([
    ['Get "https://bucket.s3.example/x?X-Amz-Signature=0a1b2c&X-Amz-Credential=AKIA": EOF', 'Get "https://bucket.s3.example/x?***": EOF'],
    ['InvalidAccessKeyId: AKIAEXAMPLEKEYID is not there', 'InvalidAccessKeyId: *** is not there'],
    ['with abc/def+ghi', 'with ***'],
    ['key 0123456789abcdef of nobody', 'key *** of nobody'],
    ['sig c2lnbmF0dXJl%3D and 0bscured-Pass_word', 'sig *** and ***'],
    ['Propfind "https://user:hunter22@dav.example/x": 401', 'Propfind "https://user:***@dav.example/x": 401'],
    ['token last-line-without-an-end', 'token ***'],
    ['NoSuchBucket: The specified bucket does not exist status code: 404 in eu-west-1', 'NoSuchBucket: The specified bucket does not exist status code: 404 in eu-west-1'],
  ])('does not stand in %j', async (reason, masked) => {
    const uploadConfig = join(await folder(), 'rclone.conf');
    await writeFile(uploadConfig, config.join('\n'));
    expect(await shell('secrets', 'maskSecrets; printf %s "$reason"', { reason, uploadConfig })).toBe(masked);
  });
});
