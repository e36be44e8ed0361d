import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { articleConfigMap, articleDeployment } from '../support/article.ts';

const program = join(import.meta.dirname, '../../bin/packet-capture.js');
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-image-'));
  await writeFile(join(folder, 'named.yaml'), 'agent: {image: "file.example/agent:1"}\n');
  await writeFile(join(folder, 'unnamed.yaml'), 'agent: {imagePullPolicy: Always}\n');
  await writeFile(join(folder, 'own.yaml'), articleConfigMap);
});
afterAll(async () => rm(folder, { recursive: true }));

/** Runs the program with this image in the environment, by default none, and with a kubectl that always fails. */
async function packetCapture(
  args: readonly string[],
  image = '',
  input = articleDeployment,
): Promise<{ readonly exitCode: number | undefined; readonly stdout: string; readonly stderr: string }> {
  const env = { PACKET_CAPTURE_IMAGE: image, KUBECTL: '/bin/false' };
  const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args], {
    cwd: folder,
    reject: false,
    input,
    env,
  });
  return { exitCode, stdout, stderr };
}

const imageIn = (text: string): string | undefined => /image: (\S*agent\S*)/.exec(text)?.[1];
const hint =
  'Name it with --image, the environment variable PACKET_CAPTURE_IMAGE, or agent.image in --sidecar-config; best with its digest.';

describe('a command without an image', () => {
  test('inject warns and writes a placeholder whose registry cannot exist, because a later step may name it', async () => {
    const { exitCode, stdout, stderr } = await packetCapture(['inject', '-f', '-']);
    expect(exitCode).toBe(0);
    expect(imageIn(stdout)).toBe('registry.invalid/packet-capture/agent:0.1.0');
    expect(stderr).toContain(
      `warning IMAGE_NOT_NAMED: no image is named for the capture agent: registry.invalid/packet-capture/agent:0.1.0 cannot be pulled\n  ${hint}`,
    );
  });

  test.each([['json'], ['patch']])('inject -o %s warns once', async (format) => {
    const { exitCode, stderr } = await packetCapture(['inject', '-f', '-', '-o', format]);
    expect([exitCode, stderr.match(/IMAGE_NOT_NAMED/g)]).toEqual([0, ['IMAGE_NOT_NAMED']]);
  });

  test('inject does not warn if nothing is injected, and neither does uninject', async () => {
    const service = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n';
    expect((await packetCapture(['inject', '-f', '-'], '', service)).stderr).not.toContain('IMAGE_NOT_NAMED');
    const injected = await packetCapture(['inject', '-f', '-'], 'registry.example/agent:1');
    const { exitCode, stdout, stderr } = await packetCapture(['uninject', '-f', '-'], '', `${injected.stdout}\n`);
    expect([exitCode, stdout]).toEqual([0, articleDeployment.trimEnd()]);
    expect(stderr).not.toContain('IMAGE_NOT_NAMED');
  });

  test.each([
    ['patch', ['patch', 'deploy/web']],
    ['patch with a file that names none', ['patch', 'deploy/web', '--sidecar-config', 'unnamed.yaml']],
    ['policy', ['policy']],
  ])('%s refuses before it asks the cluster or prints anything', async (_, args) => {
    const { exitCode, stdout, stderr } = await packetCapture(args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      `error IMAGE_NOT_NAMED: no image is named for the capture agent: registry.invalid/packet-capture/agent:0.1.0 cannot be pulled\n  ${hint}`,
    );
  });
});

test.each<readonly [string, readonly string[], string, string]>([
  [
    'the flag',
    ['--image', `flag.example/agent@${digest}`, '--sidecar-config', 'named.yaml'],
    'variable.example/agent:1',
    `flag.example/agent@${digest}`,
  ],
  [
    'the file, before the environment',
    ['--sidecar-config', 'named.yaml'],
    'variable.example/agent:1',
    'file.example/agent:1',
  ],
  [
    'the environment, if the file names none',
    ['--sidecar-config', 'unnamed.yaml'],
    `variable.example:5000/a/agent:1@${digest}`,
    `variable.example:5000/a/agent:1@${digest}`,
  ],
  ['the environment, without a file', [], 'variable.example/agent:1', 'variable.example/agent:1'],
])('the image comes from %s', async (_, flags, variable, image) => {
  const injected = await packetCapture(['inject', '-f', '-', ...flags], variable);
  expect([injected.exitCode, imageIn(injected.stdout)]).toEqual([0, image]);
  expect(injected.stderr).not.toContain('IMAGE_NOT_NAMED');
  const policy = await packetCapture(['policy', '-o', 'json', ...flags], variable);
  expect(policy.stdout).toContain(`"image": "${image}"`);
});

test('a custom sidecar has its own images and needs no other', async () => {
  const { exitCode, stderr } = await packetCapture(
    ['inject', '-f', '-', '--sidecar-config', 'own.yaml'],
    'not an image',
  );
  expect([exitCode, stderr]).toEqual([0, 'injected deployment/nginx-deployment (-:1)']);
});

// With any of these, a pod stays in InvalidImageName.
test.each([
  '',
  ' ',
  'Registry/Agent:1',
  'agent:',
  'agent@sha256:12',
  'http://registry.example/agent',
  'registry.example/agent:a b',
  '/agent',
])('%j is refused as an image', async (image) => {
  for (const command of [['inject', '-f', '-'], ['patch', 'deploy/web'], ['policy']]) {
    const { exitCode, stdout, stderr } = await packetCapture([...command, '--image', image]);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`error USAGE: "${image}" is not the name of an image\n  at --image`);
  }
});

test('an invalid image is refused in a file and in the environment too', async () => {
  await writeFile(join(folder, 'bad.yaml'), 'agent: {image: "Registry/Agent"}\n');
  expect((await packetCapture(['inject', '-f', '-', '--sidecar-config', 'bad.yaml'])).stderr).toContain(
    'SIDECAR_CONFIG_INVALID: agent.image must be the name of an image',
  );
  expect((await packetCapture(['inject', '-f', '-'], 'Registry/Agent')).stderr).toContain('at PACKET_CAPTURE_IMAGE');
});
