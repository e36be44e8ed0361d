import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { clusterEnvironment, runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../scripts/cluster/tools.ts';
import { ensureInjectorImage } from '../../../scripts/images/images.ts';
import { agentImage, localRegistry } from '../../../scripts/images/names.ts';
import { kube, loadImages, nginxImage, tshark } from '../../support/cluster/clusterFixture.ts';
import { writeProgram } from '../../support/commands/clusterCommands.ts';
import { commandBlocks } from '../../support/site/commandBlocks.ts';

const root = join(import.meta.dirname, '../../..');
const node = inject('node');
/** As the pages call it. */
const shop = 'shop';
let folder = '';
let work = '';

/** What a client asks of the app: pages that are there, and one that is not. */
const ask = `while true; do for page in / / / /missing; do
  exec 3<>/dev/tcp/$WEB_SERVICE_HOST/80 && printf 'GET %s HTTP/1.0\\r\\nHost: web\\r\\n\\r\\n' $page >&3 && cat <&3 >/dev/null
  sleep 0.2
done; done`;

function app(name: string, command: readonly string[] | undefined, replicas: number): object {
  const container = { name: 'nginx', image: nginxImage, ...(command && { command }) };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: shop },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        // The page's own manifest names no such time; the client alone does not end when it is told.
        spec: { containers: [container], ...(command && { terminationGracePeriodSeconds: 0 }) },
      },
    },
  };
}

beforeAll(async () => {
  await loadImages();
  await loadImage(node, await ensureInjectorImage(stderrProgress), stderrProgress);
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-quickstart-'));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const { KUBECTL: kubectl = '' } = await clusterEnvironment(node);
  await writeProgram(
    join(bin, 'packet-capture'),
    `exec "${process.execPath}" "${join(root, 'bin/packet-capture.js')}" "$@"`,
  );
  await writeProgram(join(bin, 'kubectl'), `exec "${kubectl}" "$@"`);
  await writeProgram(join(bin, 'helm'), `exec "${await ensureHelm(4, stderrProgress)}" "$@"`);
  // A window that is closed after ten packets.
  await writeProgram(join(bin, 'wireshark'), 'exec tshark -n -r - -c 10');
  // The images are built first, if they are not there.
}, 1_800_000);

beforeEach(async () => {
  work = await mkdtemp(join(folder, 'work-'));
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: shop },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  };
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: shop } },
    service,
    app('web', undefined, 2),
    app('client', ['bash', '-c', ask], 1),
  ];
  await kube(['delete', 'namespace', shop, 'packet-capture', '--ignore-not-found', '--wait']);
  await kube(['apply', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  for (const name of ['web', 'client']) await kube(['rollout', 'status', '-n', shop, `deployment/${name}`]);
});

afterAll(async () => {
  await kube(['delete', 'namespace', shop, 'packet-capture', '--ignore-not-found', '--wait=false']);
  await rm(folder, { recursive: true, force: true });
});

test.each(['manifest', 'patch', 'webhook', 'policy', 'attach'])(
  'all that the quickstart for %s tells to type works, and leaves the workload as it was',
  async (page) => {
    const before = await template();
    const blocks = commandBlocks(await readFile(join(root, `docs/start/${page}.md`), 'utf8'));
    expect(blocks.length).toBeGreaterThan(2);
    for (const { line, text } of blocks) {
      const { exitCode, output } = await type(text);
      await note(page, text, output);
      expect(exitCode, `docs/start/${page}.md:${line}\n${text}${output}`).toBe(0);
    }
    expect(await tshark(join(work, 'web.pcapng'), ['frame.number'], 'tcp.port == 80')).not.toEqual([]);
    expect(await template()).toBe(before);
  },
);

/** Runs a block in bash as somebody types it, where the cluster can be reached. */
async function type(text: string): Promise<{ readonly exitCode: number; readonly output: string }> {
  const script = text
    .replaceAll('registry.example', localRegistry)
    .replaceAll('./chart', join(root, 'chart'))
    .replaceAll('--image=nginx', `--image=${nginxImage} --replicas=2`);
  await writeFile(join(work, 'block.sh'), `set -e\nexec 2>&1\n${script}`);
  const { KUBECTL: _, ...environment } = await clusterEnvironment(node);
  const env = {
    ...environment,
    PATH: [join(folder, 'bin'), environment['PATH']].join(delimiter),
    PACKET_CAPTURE_IMAGE: agentImage,
    HOME: work,
  };
  const { exitCode, stdout } = await runInNetns(node, ['bash', join(work, 'block.sh')], { env, cwd: work });
  return { exitCode, output: stdout };
}

/** With PACKET_CAPTURE_TRANSCRIPTS=DIR all that was printed is written there, to be quoted in the pages. */
async function note(page: string, text: string, output: string): Promise<void> {
  const to = process.env['PACKET_CAPTURE_TRANSCRIPTS'];
  if (to !== undefined) await writeFile(join(to, `${page}.txt`), `>>> ${text}${output}\n`, { flag: 'a' });
}

async function template(): Promise<string> {
  return kube(['get', 'deployment', 'web', '-n', shop, '-o', 'jsonpath={.spec.template.spec}']);
}
