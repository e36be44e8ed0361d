import { link, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject } from 'vitest';
import { run } from '../../../scripts/cluster/command.ts';
import { ensureNodeImage, loadImage } from '../../../scripts/cluster/images.ts';
import { kubectl, runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureAgentImage } from '../../../scripts/images/images.ts';
import { agentImage } from '../../../scripts/images/names.ts';
import { until } from '../agent/until.ts';
import { patienceMs } from '../patience.ts';

const node = inject('node');

export { agentImage };
export const nginxImage = 'docker.io/library/nginx:1.7.9';

/** Gives the node the images that the tests use. */
export async function loadImages(): Promise<void> {
  await loadImage(node, await ensureAgentImage(stderrProgress), stderrProgress);
  await loadImage(node, await ensureNodeImage('nginx', nginxImage, stderrProgress), stderrProgress);
}

/** kubectl on the node; its standard output. Fails the test when kubectl fails. */
export async function kube(args: readonly string[], input?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await kubectl(node, args, input === undefined ? {} : { input });
  expect(exitCode, `kubectl ${args.join(' ')}\n${stderr}`).toBe(0);
  return stdout;
}

/** The command line of this project, where it can reach the node; whatever its exit code. */
export async function cli(
  args: readonly string[],
  input?: string,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return runInNetns(node, [process.execPath, 'bin/packet-capture.js', ...args], input === undefined ? {} : { input });
}

/** A namespace of the test's own; with a level, Pod Security is enforced there. */
export function namespaceYaml(name: string, level?: string): string {
  const labels = level === undefined ? '' : `\n  labels:\n    pod-security.kubernetes.io/enforce: ${level}`;
  return `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}${labels}\n`;
}

/** An object as a YAML document with its marker: kubectl before 1.33 cannot read one after an object of JSON. */
export function yamlDocument(object: unknown): string {
  return `---\n${JSON.stringify(object)}\n`;
}

/** Injects a manifest with the command line and applies what comes out. */
export async function injectAndApply(yaml: string, ...flags: readonly string[]): Promise<void> {
  const { exitCode, stdout, stderr } = await cli(['inject', '-f', '-', ...flags], yaml);
  expect(exitCode, stderr).toBe(0);
  await kube(['apply', '-f', '-'], stdout);
}

export interface AgentEvent {
  readonly event: string;
  readonly file?: string;
  readonly packets?: number;
  readonly setting?: string;
  readonly reason?: string;
}

export async function agentEvents(namespace: string, pod: string): Promise<AgentEvent[]> {
  const log = await kube(['logs', '-n', namespace, pod, '-c', 'packet-capture']);
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AgentEvent);
}

/** Waits for the `count`-th event of a kind in the agent's log. */
export async function agentEvent(
  namespace: string,
  pod: string,
  event: string,
  count = 1,
  seconds = patienceMs / 1000,
): Promise<AgentEvent> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const events = await agentEvents(namespace, pod);
    const found = events.filter((row) => row.event === event)[count - 1];
    if (found !== undefined) return found;
    expect(performance.now(), `no "${event}" in the log of ${pod}: ${JSON.stringify(events)}`).toBeLessThan(deadline);
    await sleep(100);
  }
}

export async function podField(namespace: string, pod: string, jsonpath: string): Promise<string> {
  return kube(['get', 'pod', '-n', namespace, pod, '-o', `jsonpath={${jsonpath}}`]);
}

/** The names of the pods with these labels that are not being deleted. */
export async function livingPods(namespace: string, labels: string): Promise<string[]> {
  const { items } = JSON.parse(await kube(['get', 'pods', '-n', namespace, '-l', labels, '-o', 'json'])) as {
    readonly items: readonly { readonly metadata: { readonly name: string; readonly deletionTimestamp?: string } }[];
  };
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name);
}

/** Waits until the API server goes by a right that was given: it takes notice a moment after the binding is stored. */
export async function hasRight(user: string, verb: string, resource: string, namespace: string): Promise<void> {
  // kubectl takes what follows a slash for the name of an object.
  const [type = '', subresource = ''] = resource.split('/');
  const args = ['auth', 'can-i', verb, type, `--subresource=${subresource}`, '-n', namespace, `--as=${user}`];
  const can = async (): Promise<boolean> => (await kubectl(node, args)).exitCode === 0;
  // Not expect.poll: tests that run at the same time have no `expect` of their own here.
  await until(`right of ${user} to ${verb} ${resource} in ${namespace}`, can);
}

/** All restarts of all containers of a pod. */
export async function restarts(namespace: string, pod: string): Promise<number> {
  const counts = await podField(
    namespace,
    pod,
    '.status.containerStatuses[*].restartCount} {.status.initContainerStatuses[*].restartCount',
  );
  return counts
    .trim()
    .split(/\s+/)
    .reduce((sum, count) => sum + Number(count), 0);
}

/** The start page of nginx, fetched from the node. */
export async function fetchPage(ip: string): Promise<string> {
  const script = `exec 3<>/dev/tcp/${ip}/80; printf 'GET / HTTP/1.0\\r\\nHost: test\\r\\n\\r\\n' >&3; timeout 60 cat <&3`;
  return (await runInNetns(node, ['bash', '-c', script])).stdout;
}

/** Sends `count` numbered UDP datagrams from the node to a port where nobody listens, `gapMs` apart. */
export async function sendDatagrams(ip: string, port: number, count: number, gapMs = 0): Promise<void> {
  const script = `for i in $(seq ${count}); do echo "datagram $i" >/dev/udp/${ip}/${port}; ${gapMs === 0 ? '' : `sleep ${gapMs / 1000};`} done 2>/dev/null; true`;
  await runInNetns(node, ['bash', '-c', script]);
}

/** Where the kubelet keeps the capture files of a pod, on this machine. */
export async function captureFolder(namespace: string, pod: string): Promise<string> {
  const uid = await podField(namespace, pod, '.metadata.uid');
  return join(node.stateDir, 'kubelet', 'pods', uid, 'volumes', 'kubernetes.io~empty-dir', 'packet-capture-files');
}

/**
 * A second name for each capture file that a pod has now: what is written to them can be read after the pod is gone.
 * Beside the kubelet's folder, since hard links stay within a file system.
 */
export async function keepFiles(folder: string): Promise<string[]> {
  const kept = await mkdtemp(join(node.stateDir, 'kept-'));
  const names = (await readdir(folder)).filter((name) => name.endsWith('.pcapng'));
  return Promise.all(
    names.map(async (name) => {
      await link(join(folder, name), join(kept, name));
      return join(kept, name);
    }),
  );
}

/** Copies the capture files of a pod out, as the README says; their paths, oldest first. */
export async function copyFiles(namespace: string, pod: string): Promise<string[]> {
  const folder = await mkdtemp(join(node.stateDir, 'copied-'));
  await kube(['cp', '-n', namespace, '-c', 'packet-capture', `${pod}:/captures`, folder]);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.pcapng'));
  return names.toSorted().map((name) => join(folder, name));
}

/** One row a packet, with these fields, as tshark reads them; also from a file that ends in the middle of a packet. */
export async function tshark(file: string, fields: readonly string[], displayFilter = ''): Promise<string[][]> {
  const args = [
    'tshark',
    '-n',
    '-r',
    file,
    '-Y',
    displayFilter,
    '-T',
    'fields',
    ...fields.flatMap((field) => ['-e', field]),
  ];
  const { stdout } = await run(args, { exitCodes: [0, 2] });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}
