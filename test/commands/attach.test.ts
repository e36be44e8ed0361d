import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import type { Pod } from '../../src/kubernetes/api/types.ts';
import { attachedContainers } from '../../src/sidecar/index.ts';
import { interfaceBlock, packetBlock, sectionBlock } from '../support/pcapng/captureBytes.ts';

/**
 * A kubectl with one pod: `pod.json` is the pod as the API server has it. Of its agents, those that `stopped` names
 * have ended, though the pod's status says that they run. What an agent was told is in `told-CONTAINER`, the Events are
 * in `events`. It refuses the filter that `invalid` has, and the metrics API serves `metrics`.
 */
const kubectl = String.raw`
const { existsSync, readFileSync, writeFileSync, appendFileSync } = require('node:fs');
const { join } = require('node:path');
const file = (name) => join(__dirname, name);
const read = (name) => existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '';
const args = process.argv.slice(2).filter((arg) => !/^--(request-timeout|namespace|context)=/.test(arg));
const input = () => JSON.parse(readFileSync(0, 'utf8'));
const say = (value) => process.stdout.write(typeof value === 'string' ? value : JSON.stringify(value));
const fail = (line) => { process.stderr.write(line + '\n'); process.exit(1); };
appendFileSync(file('calls'), args.join(' ') + '\n');
const pod = () => JSON.parse(read('pod.json'));
if (args[0] === 'create') {
  const value = input();
  if (value.kind === 'SelfSubjectReview') say({ status: { userInfo: { username: 'alice' } } });
  else if (value.items[0].kind === 'Event') writeFileSync(file('events'), JSON.stringify(value.items));
  else say(value.items.map(({ spec: { resourceAttributes: { resource, subresource } } }) =>
    read('forbidden') !== [resource, subresource].filter(Boolean).join('/')).join('\n'));
} else if (args[0] === 'patch') {
  const path = args.find((arg) => arg.startsWith('--patch-file=')).slice('--patch-file='.length);
  const container = [JSON.parse(readFileSync(path, 'utf8')).at(-1).value].flat()[0];
  const now = pod();
  now.spec.ephemeralContainers = [...(now.spec.ephemeralContainers ?? []), container];
  const state = read('starts') === 'never' ? { waiting: { reason: 'ContainerCreating' } } : { running: {} };
  now.status.ephemeralContainerStatuses = [...(now.status.ephemeralContainerStatuses ?? []), { name: container.name, state }];
  if (!args.includes('--dry-run=server')) writeFileSync(file('pod.json'), JSON.stringify(now));
  say(now);
} else if (args[0] === 'exec') {
  const container = args[args.indexOf('--container') + 1];
  const command = args.slice(args.indexOf('--') + 2);
  if (read('stopped') === container) fail('error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "f00": OCI runtime exec failed: exec failed: cannot exec in a stopped container');
  const told = JSON.parse(read('told-' + container) || '{}');
  if (command[0] === 'set') {
    Object.assign(told, input());
    writeFileSync(file('told-' + container), JSON.stringify(told));
    say(told);
  } else if (command[0] === 'capture') {
    process.stdout.write(readFileSync(file('packets')));
    process.stdin.resume().on('end', () => process.exit(0));
  } else {
    const { by, reason, ttl, ...settings } = told;
    const refused = settings.filter !== undefined && settings.filter === read('invalid');
    const running = refused ? { state: 'invalid' } : settings.state === 'running' ? { state: 'capturing', file: 'web-1.pcapng' } : { state: 'idle' };
    say({ ...running, settings, interfaces: ['eth0'], invalid: refused ? [{ setting: 'filter', value: settings.filter, reason: 'unknown port' }] : [], attached: { until: '2099-01-01T00:00:00Z' } });
  }
} else if (args[1] === '--raw' && args[2].includes('metrics.k8s.io')) {
  if (read('metrics') === '') fail('Error from server (NotFound): the server could not find the requested resource');
  say(read('metrics'));
} else if (args[1] === 'namespaces') say({ kind: 'Namespace', metadata: { name: 'shop' } });
else if (args.some((arg) => arg.includes('web-1'))) say(pod());
else say({ apiVersion: 'v1', kind: 'List', metadata: {}, items: [pod()] });
`;

const folders: string[] = [];
afterAll(async () => Promise.all(folders.map(async (folder) => rm(folder, { recursive: true }))));

interface Stand {
  readonly folder: string;
  readonly run: (...args: readonly string[]) => ReturnType<typeof start>;
  readonly read: (name: string) => Promise<string>;
  readonly containers: () => Promise<readonly string[]>;
}

function start(folder: string, args: readonly string[]) {
  const command = ['bin/packet-capture.js', 'attach', 'web-1', '-n', 'shop', ...args];
  return execa(process.execPath, command, { env: { KUBECTL: join(folder, 'kubectl') }, reject: false });
}

/** A pod, with these agents in it that run. */
function podWith(names: readonly string[]): object {
  const command = ['/usr/bin/packet-capture-agent', 'run', '--attached'];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-1', namespace: 'shop', uid: 'u1', resourceVersion: '1' },
    spec: {
      containers: [{ name: 'app' }],
      ephemeralContainers: names.map((name) => ({ name, image: 'a:1', command })),
    },
    status: { phase: 'Running', ephemeralContainerStatuses: names.map((name) => ({ name, state: { running: {} } })) },
  };
}

async function stand(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  agents: readonly string[] = [],
): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-attach-'));
  folders.push(folder);
  const all = { kubectl: `#!${process.execPath}\n${kubectl}`, 'pod.json': JSON.stringify(podWith(agents)), ...files };
  for (const [name, content] of Object.entries(all)) await writeFile(join(folder, name), content);
  await chmod(join(folder, 'kubectl'), 0o755);
  const read = async (name: string): Promise<string> => readFile(join(folder, name), 'utf8').catch(() => '');
  return {
    folder,
    read,
    run: (...args) => start(folder, ['--image', 'registry.example/agent:1', ...args]),
    containers: async () => attachedContainers(JSON.parse(await read('pod.json')) as Pod).map(({ name }) => name),
  };
}

const ended = 'shop/web-1: its container packet-capture has ended';

test.concurrent('into files: the agent is told what to capture, for whom and why; an Event says so too', async () => {
  const { run, read, containers } = await stand();
  const { exitCode, stderr } = await run('--filter', 'port 80', '--reason', 'INC-1');
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: expect.stringContaining('shop/web-1: attached the container packet-capture\n'),
  });
  expect(await containers()).toEqual(['packet-capture']);
  expect(JSON.parse(await read('told-packet-capture'))).toEqual({
    state: 'running',
    filter: 'port 80',
    by: 'alice',
    reason: 'INC-1',
  });
  expect(await read('events')).toContain('alice attached the container packet-capture, which captures packets: INC-1');
});

test.concurrent('a container that ends just before it is told gets a successor, once', async () => {
  const { run, read, containers } = await stand({ stopped: 'packet-capture' }, ['packet-capture']);
  const { exitCode, stderr } = await run();
  expect(stderr).toContain(`${ended}\n`);
  expect(stderr).toContain('attached the container packet-capture-2, because packet-capture has ended');
  expect(exitCode).toBe(0);
  expect(await containers()).toEqual(['packet-capture', 'packet-capture-2']);
  expect(JSON.parse(await read('told-packet-capture-2'))).toMatchObject({ state: 'running' });
});

test.concurrent('one that was just added and has ended gets none: its error says what to do', async () => {
  const { run, containers } = await stand({ stopped: 'packet-capture' });
  const { exitCode, stderr } = await run();
  expect(stderr).toContain(`${ended}\n`);
  expect(stderr).toContain('error CAPTURE_UNCONFIRMED: 1 of 1 pod does not capture as asked');
  expect([exitCode, await containers()]).toEqual([1, ['packet-capture']]);
});

test.concurrent('a missing right is named before anything is changed', async () => {
  const { run, read, containers } = await stand({ forbidden: 'pods/exec' });
  const { exitCode, stderr } = await run();
  expect(stderr).toMatch(/^error FORBIDDEN: you may not create pods\/exec in namespace shop\n {2}at attach\n/);
  expect([exitCode, await containers(), await read('calls')]).toEqual([1, [], expect.not.stringContaining('patch')]);
});

test.concurrent('a dry run says what would stay, and stores nothing', async () => {
  const { run, read, containers } = await stand();
  const { exitCode, stderr } = await run('--dry-run');
  expect(stderr).toMatch(/^shop\/web-1: would attach the container packet-capture\nwhat stays: the container ends/);
  expect([exitCode, await containers(), await read('events')]).toEqual([0, [], '']);
});

test.concurrent('into files: the report names the commands that come next, as they can be typed', async () => {
  const { run } = await stand();
  expect((await run('--context', "the boss's")).stderr).toContain(
    String.raw`next: packet-capture download web-1 -n shop --context 'the boss'\''s', and to end the capture: packet-capture stop web-1 -n shop --context 'the boss'\''s'`,
  );
});

test.concurrent('a filter that the agent refuses: its container stays, and captures nothing', async () => {
  const { run, containers } = await stand({ invalid: 'port porte' });
  const { exitCode, stderr } = await run('--filter', 'port porte');
  expect(stderr).toMatch(
    /error CAPTURE_UNCONFIRMED: [^\n]*\n {2}at shop\/web-1: it refuses: filter: unknown port\n {2}Correct it and run `packet-capture attach` again, which uses the same container\. Until then that captures nothing, and it ends by itself after 1h\./,
  );
  expect([exitCode, stderr.includes('next:')]).toEqual([1, false]);
  expect(await containers()).toEqual(['packet-capture']);
});

test.concurrent('a pod whose memory is nearly used is refused, also in a dry run', async () => {
  const app = { name: 'app', resources: { limits: { memory: '64Mi' } } };
  const pod = { ...podWith([]), spec: { containers: [app] } };
  const usage = { memory: '60Mi' };
  const metrics = { metadata: { name: 'web-1', namespace: 'shop' }, containers: [{ name: 'app', usage }] };
  const { run, containers } = await stand({ 'pod.json': JSON.stringify(pod), metrics: JSON.stringify(metrics) });
  const { exitCode, stderr } = await run('--dry-run');
  expect(stderr).toMatch(
    /error MEMORY_SHORT: [^\n]* it uses 60Mi \(by the metrics API\) of 64Mi[^\n]*\n {2}at pod\/web-1 in namespace shop\n/,
  );
  expect([exitCode, await containers()]).toEqual([1, []]);
});

test.concurrent('Ctrl-C while it waits for the container: 130, and what stays', async () => {
  const { run } = await stand({ starts: 'never' });
  const attaching = run();
  let said = '';
  for await (const line of createInterface(attaching.stderr)) {
    said += `${line}\n`;
    if (line.includes('attached the container')) attaching.kill('SIGINT');
  }
  expect((await attaching).exitCode).toBe(130);
  expect(said).toMatch(/what stays: the container ends by itself after 1h[^\n]*\nerror INTERRUPTED/);
});

test.concurrent('a container that does not start in time is an error', async () => {
  const { run } = await stand({ starts: 'never' });
  const { exitCode, stderr } = await run('--timeout', '1s');
  expect(stderr).toMatch(
    /error ATTACH_FAILED: 1 of 1 pod has no agent that runs; shop\/web-1: not in time: ContainerCreating/,
  );
  expect(exitCode).toBe(1);
});

test.concurrent('-o: the header of the file says for whom and why', async () => {
  const packets = [sectionBlock(true), interfaceBlock(true, 1, 0), packetBlock(true, 0, 1n, Uint8Array.of(1))];
  const { run, folder } = await stand({ packets: Buffer.concat(packets) });
  const path = join(folder, 'web.pcapng');
  const { exitCode, stderr } = await run('-o', path, '--duration', '1s', '--reason', 'INC-1 "é"', '--names', 'off');
  expect(exitCode, stderr).toBe(0);
  const header = await readFile(path);
  const comment = JSON.stringify({ by: 'alice', reason: 'INC-1 "é"' });
  // opt_comment (1), and its length (draft-ietf-opsawg-pcapng, section 3.5).
  const option = Buffer.concat([Buffer.of(1, 0, Buffer.byteLength(comment), 0), Buffer.from(comment)]);
  expect(header.subarray(24, 24 + option.length)).toEqual(option);
});
