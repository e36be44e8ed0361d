import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { appPod } from '../support/cluster/apps.ts';
import { agentImage, cli, injectAndApply, kube, podField } from '../support/cluster/clusterFixture.ts';
import { useNamespace } from '../support/cluster/namespace.ts';
import { exitCode, startStream } from '../support/cluster/streaming.ts';

const node = inject('node');
const shop = useNamespace('names');
let folder: string;
let heir: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-names-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const service = (name: string): string => `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${shop}}
spec:
  selector: {role: server}
  ports: [{port: 80}]
`;

const webPod = (name: string): string =>
  appPod(shop, name, { graceSeconds: 0 }).replace(
    `  name: ${name}\n`,
    `  name: ${name}\n  labels: {app: web, role: ${name}}\n`,
  );

/** Starts a pod and waits for it. @returns its address */
async function startPod(name: string, injected: boolean): Promise<string> {
  if (injected) await injectAndApply(webPod(name), '--image', agentImage);
  else await kube(['apply', '-f', '-'], webPod(name));
  await kube(['wait', '-n', shop, '--for=condition=Ready', `pod/${name}`, '--timeout=240s']);
  return podField(shop, name, '.status.podIP');
}

/** The start page of nginx, fetched in the client's pod. */
async function fetchFrom(address: string): Promise<void> {
  const script = `exec 3<>/dev/tcp/${address}/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; timeout 60 cat <&3`;
  const page = await kube(['exec', '-n', shop, 'client', '-c', 'app', '--', 'bash', '-c', script]);
  expect(page).toContain('Welcome to nginx!');
}

/** Gives a new pod the address that another one had: the node hands addresses out in turn. */
async function startHeir(name: string, address: string): Promise<string> {
  const last = join(node.stateDir, 'cni-addresses', 'node', 'last_reserved_ip.0');
  for (let tries = 1; ; tries += 1) {
    await writeFile(
      last,
      address.replace(/\d+$/, (number) => `${Number(number) - 1}`),
    );
    if ((await startPod(`${name}-${tries}`, false)) === address) return `${name}-${tries}`;
    expect(tries, `no pod has got ${address}: other tests were faster`).toBeLessThan(30);
  }
}

interface Row {
  readonly device: string;
  readonly ends: string;
}

/** The names of both ends of each packet of HTTP. */
async function endsIn(file: string, ...flags: string[]): Promise<Row[]> {
  const fields = ['frame.interface_name', 'ip.src_host', 'ip.dst_host'].flatMap((field) => ['-e', field]);
  const args = ['tshark', '-r', file, ...flags, '-N', 'n', '-Y', 'tcp.port == 80', '-T', 'fields', ...fields];
  const { stdout } = await run(args);
  return stdout.split('\n').flatMap((line) => {
    const [device = '', source = '', destination = ''] = line.split('\t');
    return line === '' ? [] : [{ device, ends: [source, destination].toSorted().join(' ') }];
  });
}

const names = (rows: readonly Row[]): string[] => [...new Set(rows.map(({ ends }) => ends))].toSorted();

test('in a stream, both ends have names, also pods that come and go; an address that has moved to another pod has none', async () => {
  await kube(['apply', '-f', '-'], service('web'));
  await Promise.all([startPod('client', true), startPod('server', true)]);
  const address = await kube(['get', 'service', 'web', '-n', shop, '-o', 'jsonpath={.spec.clusterIP}']);
  const file = join(folder, 'web.pcapng');
  const streaming = await startStream(node, shop, file, '-l', 'app=web', '--filter', 'tcp port 80');
  await Promise.all(['client', 'server'].map(async (pod) => streaming.says(`${shop}/${pod}: joined`)));
  await fetchFrom(address);

  const late = await startPod('late', true);
  await streaming.says(`${shop}/late: joined`);
  await fetchFrom(late);
  // The API's times are in whole seconds: the next owner of the address starts in another one.
  await sleep(1000);
  await kube(['delete', 'pod', '-n', shop, 'late', '--now']);
  await streaming.says(`${shop}/late: left`);
  const before = (await stat(file)).size;
  heir = await startHeir('heir', late);
  await fetchFrom(late);

  await kube(['delete', 'pod', '-n', shop, 'server', '--now']);
  await streaming.says(`${shop}/server: left`);
  streaming.child.kill('SIGINT');
  expect(await exitCode(streaming.child), streaming.said()).toBe(130);
  expect((await stat(file)).size).toBeGreaterThan(before);
  expect(streaming.said()).not.toContain('names:');

  const rows = await endsIn(file);
  const client = `${shop}/client`;
  expect(names(rows.filter(({ device }) => device === `${shop}/server:eth0`))).toEqual([`${client} ${shop}/server`]);
  expect(names(rows.filter(({ device }) => device === `${shop}/late:eth0`))).toEqual([`${client} ${shop}/late`]);
  const atClient = rows.filter(({ device }) => device === `${client}:eth0`).map(({ ends }) => ends);
  expect([...new Set(atClient)]).toEqual([`${client} ${shop}/web.svc`, `${client} ${shop}/late`, `${late} ${client}`]);
  // Who shows all packets with the last names sees none for the address that two pods had, and the gone server's own.
  expect(names(await endsIn(file, '-2'))).toEqual(
    [`${late} ${client}`, `${client} ${shop}/server`, `${client} ${shop}/web.svc`].toSorted(),
  );
  expect(await run(['editcap', '-F', 'pcapng', file, join(folder, 'copy.pcapng')])).toMatchObject({ exitCode: 0 });
});

test('a merge of files adds names, but not for packets from the time before the present owner', async () => {
  const merged = join(folder, 'merged.pcapng');
  const args = ['download', '-n', shop, 'client', '--open', '-o', join(folder, 'files'), '--merge', merged];
  const { exitCode: code, stderr } = await cli(args);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/merged\.pcapng: \d+ files? merged, .*, names of \d+ addresses\n/);
  const address = await podField(shop, heir, '.status.podIP');
  const ends = names(await endsIn(merged, '-2'));
  expect(ends).toEqual([`${address} ${shop}/client`, `${shop}/client ${shop}/web.svc`]);
});

test('a user with rights in one namespace gets the names of that namespace, and one note', async () => {
  await kube(['apply', '-f', '-'], userYaml);
  const file = join(folder, 'user.pcapng');
  const user = `system:serviceaccount:${shop}:user`;
  const flags = ['--as', user, '--filter', 'tcp port 80'];
  const streaming = await startStream(node, shop, file, 'client', ...flags);
  await streaming.says('client: joined');
  await fetchFrom(await podField(shop, heir, '.status.podIP'));
  streaming.child.kill('SIGINT');
  await exitCode(streaming.child);
  expect(streaming.said().match(/^names: .*$/gm)).toEqual([
    'names: some addresses have no name: you may not list pods of other namespaces, nodes, services of other' +
      ' namespaces, endpointslices (--names off reads none)',
  ]);
  expect(names(await endsIn(file))).toEqual([`${shop}/client ${shop}/${heir}`]);

  const off = join(folder, 'off.pcapng');
  const unnamed = await startStream(node, shop, off, 'client', ...flags, '--names', 'off');
  await unnamed.says('client: joined');
  await fetchFrom(await podField(shop, heir, '.status.podIP'));
  unnamed.child.kill('SIGINT');
  await exitCode(unnamed.child);
  expect(unnamed.said()).not.toContain('names:');
  expect(names(await endsIn(off)).join()).toMatch(/^[\d.]+ [\d.]+$/);
});

const userYaml = `apiVersion: v1
kind: ServiceAccount
metadata: {name: user, namespace: ${shop}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: user, namespace: ${shop}}
rules:
  - {apiGroups: [''], resources: [pods, services], verbs: [get, list, watch]}
  - {apiGroups: [''], resources: [pods/exec], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: user, namespace: ${shop}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: user}
subjects: [{kind: ServiceAccount, name: user, namespace: ${shop}}]
`;
