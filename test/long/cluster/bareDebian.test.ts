import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { run } from '../../../scripts/cluster/command.ts';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureKrew } from '../../../scripts/cluster/tools.ts';
import { ensureSlimAgentImage } from '../../../scripts/images/images.ts';
import { buildRelease } from '../../../scripts/release/buildRelease.ts';
import { ensureNodeProgram } from '../../../scripts/release/node/nodePrograms.ts';
import { removeLibatomic } from '../../../scripts/release/node/removeLibatomic.ts';
import { ownPlatform, platforms } from '../../../scripts/release/platforms.ts';
import { pauseDeployment } from '../../support/cluster/apps.ts';
import { kube, namespaceYaml, podField, sendDatagrams, tshark } from '../../support/cluster/clusterFixture.ts';
import { makeBareDebian, type BareDebian } from '../../support/long/bareDebian.ts';
import { hasPacket } from '../../support/long/hasPacket.ts';

const node = inject('node');
const shop = `bare-debian-${Date.now().toString(36)}`;
const port = 40_000;
const files = { npm: '', archive: '', manifest: '' };
let folder = '';
let debian: BareDebian;
let image = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-bare-'));
  image = await ensureSlimAgentImage(stderrProgress);
  await loadImage(node, image, stderrProgress);
  const options = { parts: ['npm', ownPlatform], url: 'https://downloads.example' } as const;
  const commit = { hash: '0123456789abcdef0123456789abcdef01234567', seconds: 1_800_000_000 };
  const [npm = '', archive = '', manifest = ''] = await buildRelease(folder, commit, options, stderrProgress);
  Object.assign(files, { npm, archive, manifest });
  debian = await makeBareDebian(node);
  await kube(['apply', '-f', '-'], namespaceYaml(shop));
  await kube(['apply', '-f', '-'], pauseDeployment(shop, 'web', 3));
  await kube(['rollout', 'status', 'deploy/web', '-n', shop, '--timeout=120s']);
}, 1_800_000);

afterAll(async () => {
  await debian.remove();
  await rm(folder, { recursive: true, force: true });
  await kube(['delete', 'namespace', shop, '--ignore-not-found', '--wait=false']);
});

/**
 * Installs in the bare Debian by a script, and attaches to a pod there.
 * @returns the seconds from the first command to the first packet
 */
async function installAndCapture(pod: string, install: string): Promise<number> {
  const address = await podField(shop, pod, '.status.podIP');
  const over = new AbortController();
  const sending = (async () => {
    while (!over.signal.aborted) await sendDatagrams(address, port, 5, 50);
  })();
  const attach = `attach ${pod} -n ${shop} --image ${image} --filter 'udp port ${port}' -o - --duration 5s`;
  const [program = '', ...args] = debian.argv(`set -e\n{ ${install}; } >&2\nkubectl packet-capture ${attach}`);
  const from = performance.now();
  let seconds = 0;
  const chunks: Buffer[] = [];
  try {
    const child = execa(program, args, { reject: false, encoding: 'buffer', buffer: { stdout: false } });
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (seconds === 0 && hasPacket(Buffer.concat(chunks))) seconds = (performance.now() - from) / 1000;
    });
    const { exitCode, stderr } = await child;
    expect(exitCode, Buffer.from(stderr).toString()).toBe(0);
  } finally {
    over.abort();
    await sending;
  }
  const file = join(folder, `${pod}.pcapng`);
  await writeFile(file, Buffer.concat(chunks));
  const rows = await tshark(file, ['udp.dstport', 'frame.interface_name']);
  expect(rows.length).toBeGreaterThan(3);
  expect(seconds).toBeGreaterThan(0);
  expect([...new Set(rows.flat())].toSorted()).toEqual([`${port}`, `${shop}/${pod}:eth0`]);
  return seconds;
}

test('it has neither Node nor Go nor libatomic', async () => {
  const look =
    'for name in node npm go git curl; do command -v $name; done; ls /usr/lib/*/libatomic* 2>/dev/null; echo .';
  const { stdout } = await run(debian.argv(look));
  expect(stdout.trim()).toBe('.');
});

/** Seconds; the longest that a reader is to wait. */
const goal = 180;

/** The n-th pod of the Deployment. */
async function podOf(n: number): Promise<string> {
  return kube(['get', 'pods', '-n', shop, '-o', `jsonpath={.items[${n}].metadata.name}`]);
}

/** Prints the seconds, to be written into docs/figures.md. */
function noted(way: string, seconds: number): number {
  console.log(JSON.stringify({ way, secondsToTheFirstPacket: seconds }));
  return seconds;
}

test('from the archive it is less than three minutes to the first packet', async () => {
  await debian.put('tmp/packet-capture.tar.gz', files.archive);
  // The commands of the README in the archive, whose user may use sudo.
  const place = 'cd /tmp && tar -xzf packet-capture.tar.gz && cp packet-capture /usr/local/bin/';
  const link = 'ln -s packet-capture /usr/local/bin/kubectl-packet_capture';
  expect(noted('archive', await installAndCapture(await podOf(0), `${place} && ${link}`))).toBeLessThan(goal);
  await run(debian.argv('rm /usr/local/bin/packet-capture /usr/local/bin/kubectl-packet_capture'));
});

test('by npm it is less than three minutes to the first packet', async () => {
  await putNpm();
  await debian.put('tmp/packet-capture.tgz', files.npm);
  const npm = 'npm install --global --offline --no-audit /tmp/packet-capture.tgz';
  expect(noted('npm', await installAndCapture(await podOf(1), npm))).toBeLessThan(goal);
  await run(debian.argv('npm uninstall --global packet-capture; rm -r /usr/local/bin/node /usr/local/bin/npm'));
});

test('by krew it is less than three minutes to the first packet', async () => {
  await debian.put('usr/local/bin/kubectl-krew', await ensureKrew(stderrProgress));
  await debian.put('tmp/packet-capture.tar.gz', files.archive);
  await debian.put('tmp/packet-capture.yaml', files.manifest);
  const krew = 'kubectl krew install --manifest=/tmp/packet-capture.yaml --archive=/tmp/packet-capture.tar.gz';
  expect(noted('krew', await installAndCapture(await podOf(2), krew))).toBeLessThan(goal);
});

/** Node and npm, as its user would have installed them beforehand. */
async function putNpm(): Promise<void> {
  const { path } = await ensureNodeProgram(platforms[ownPlatform], stderrProgress);
  const program = await readFile(path);
  // A package of Node brings that library.
  removeLibatomic(program);
  await writeFile(join(folder, 'node'), program);
  await debian.put('usr/local/bin/node', join(folder, 'node'));
  const npm = (await execa('npm', ['root', '--global'])).stdout;
  await cp(join(npm, 'npm'), join(debian.root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(debian.root, 'usr/local/bin/npm'));
}
