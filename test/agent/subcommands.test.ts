import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import { startInContainer } from '../support/agent/containerCommand.ts';
import { useAgents } from '../support/agent/fixture.ts';

const { network, folder } = useAgents();

interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Starts a command of the agent's image in a container, like `kubectl exec`. */
async function start(captures: string, capability: string, ...argv: readonly string[]): Promise<ChildProcess> {
  const container = { network: network(), captures, settings: await folder(), capability };
  const child = startInContainer(container, ...argv);
  return child;
}

async function output(child: ChildProcess): Promise<Ended> {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}

const agent = '/usr/bin/packet-capture-agent';
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('the program in the pod', () => {
  test.each([['version'], ['--version']])('%s prints only the version', async (word) => {
    expect(await output(await start(await folder(), '', agent, word))).toEqual({
      code: 0,
      stdout: Buffer.from(`${version}\n`),
      stderr: '',
    });
  });

  test('ends with 2 for an unknown command', async () => {
    expect(await output(await start(await folder(), '', agent, 'fly'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('unknown command "fly"'),
    });
  });

  test.each([
    ['net_raw', "the container's capabilities", /^CapEff:\t0000000000002000$/m],
    ['', 'no capabilities if the container has none', /^CapEff:\t0000000000000000$/m],
  ])('exec in a container with "%s" gives a command %s', async (capability, _, expected) => {
    const { code, stdout } = await output(
      await start(await folder(), capability, agent, 'exec', 'cat', '/proc/self/status'),
    );
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(expected);
    expect(stdout.toString()).toMatch(/^Uid:\t60947\t60947/m);
  });

  test('exec names a command that does not exist', async () => {
    expect(await output(await start(await folder(), '', agent, 'exec', 'no-such-program'))).toMatchObject({
      code: 127,
      stderr: expect.stringContaining('no-such-program'),
    });
  });

  test('send lists files after the status, and sends a file with its checksums', async () => {
    const captures = await folder();
    const content = randomBytes(300_000);
    await writeFile(join(captures, 'web-1_20261122180000_00001.pcapng'), content, { mode: 0o644 });
    await mkdir(join(captures, '.agent'), { mode: 0o777 });
    await writeFile(join(captures, '.agent', 'status.json'), '{"state":"idle"}\n');
    const listed = await output(await start(captures, '', agent, 'send', '--list'));
    expect(listed.stdout.toString()).toMatch(
      /^\{"state":"idle"\}\nnow \d{4}-\S+Z\n300000 web-1_20261122180000_00001\.pcapng\n$/,
    );
    expect((await output(await start(captures, '', agent, 'status'))).stdout.toString()).toBe('{"state":"idle"}\n');

    const sent = await output(
      await start(
        captures,
        '',
        agent,
        'send',
        '--offset',
        '1000',
        '--size',
        '200000',
        'web-1_20261122180000_00001.pcapng',
      ),
    );
    const head = `${sha256(content.subarray(0, 1000))}\n${sha256(content.subarray(0, 200_000))}\n`;
    expect(sent.code).toBe(0);
    expect(sent.stdout.subarray(0, head.length).toString()).toBe(head);
    expect(sent.stdout.subarray(head.length)).toEqual(content.subarray(1000, 200_000));
    expect(await output(await start(captures, '', agent, 'send', 'gone.pcapng'))).toMatchObject({ code: 66 });
    expect(await output(await start(captures, '', agent, 'send', '../etc/passwd'))).toMatchObject({ code: 66 });
  });

  test('send ends with standard input also if nothing reads its output', async () => {
    const captures = await folder();
    await writeFile(join(captures, 'large.pcapng'), randomBytes(1_000_000), { mode: 0o644 });
    const child = await start(captures, '', agent, 'send', 'large.pcapng');
    // More than a pipe can hold is waiting.
    await once(child.stdout!, 'readable');
    const ended = once(child, 'exit');
    child.stdin?.end();
    expect(await ended).toEqual([expect.any(Number), null]);
  });
});
