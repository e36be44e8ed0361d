import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { ensureNodeImage, loadImage } from '../../../scripts/cluster/images.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensurePackages } from '../../../scripts/cluster/requirements.ts';
import { ensureSlimAgentImage } from '../../../scripts/images/images.ts';
import { controlCommands, type ControlMessage } from '../../../src/extcap/controlMessages.ts';
import { toolbarControls } from '../../../src/extcap/toolbar.ts';
import { until } from '../../support/agent/until.ts';
import { kube, namespaceYaml, nginxImage, podField, tshark } from '../../support/cluster/clusterFixture.ts';
import { gaps, readNumbered, startSender, type Sender } from '../../support/cluster/sequence.ts';
import { writeProgram } from '../../support/commands/clusterCommands.ts';
import { createExtcapHome, driveCapture, type ExtcapHome } from '../../support/long/extcapWorld.ts';
import { servingPod } from '../../support/long/servingPod.ts';
import { openWireshark, windowPackages } from '../../support/long/wireshark.ts';

const node = inject('node');
const shop = `extcap-${Date.now().toString(36)}`;
const [port, otherPort] = [9999, 9998];
let home: ExtcapHome;
let image: string;
let sender: Sender;
let address: string;

beforeAll(async () => {
  image = await ensureSlimAgentImage(stderrProgress);
  await loadImage(node, image, stderrProgress);
  await loadImage(node, await ensureNodeImage('nginx', nginxImage, stderrProgress), stderrProgress);
  await kube(['apply', '-f', '-'], namespaceYaml(shop));
  await kube(['apply', '-f', '-'], servingPod(shop, 'web'));
  await kube(['wait', '-n', shop, 'pod/web', '--for=condition=Ready', '--timeout=60s']);
  address = await podField(shop, 'web', '.status.podIP');
  home = await createExtcapHome();
  sender = startSender();
});

afterAll(async () => {
  sender.close();
  await home.remove();
  await kube(['delete', 'namespace', shop, '--ignore-not-found', '--wait=false']);
});

/** What the dialog has chosen: the pod, to which an agent is attached. */
const choice = (): Readonly<Record<string, string>> => ({
  namespace: shop,
  workload: '*',
  pod: 'web',
  attach: 'true',
  image,
});

const args = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);

/** As Wireshark names the preference of an option. */
const preferences = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => [
    '-o',
    `extcap.${home.interface.toLowerCase().replaceAll(/[^a-z1-9_]/g, '_')}.${name}:${value}`,
  ]);

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

test('tshark lists the context as an interface, and the lists of the dialog are those of the cluster', async () => {
  const listed = await home.run(['tshark', '-D']);
  expect(listed.stdout).toContain(`${home.interface} (Kubernetes: `);
  const ask = async (option: string, chosen = {}): Promise<string[]> => {
    const reload = ['--extcap-config', '--extcap-interface', home.interface, '--extcap-reload-option', option];
    return lines((await home.run([home.launcher, ...reload, ...args(chosen)])).stdout);
  };
  expect(await ask('namespace')).toContain(`value {arg=0}{value=${shop}}{display=${shop}}{default=false}`);
  await kube(['create', 'deployment', 'idle', '-n', shop, '--image=none', '--replicas=0']);
  expect(await ask('workload', { namespace: shop })).toContain(
    'value {arg=1}{value=deployment/idle}{display=deployment/idle}{default=false}',
  );
  expect(await ask('pod', { namespace: shop, workload: '*' })).toContain(
    'value {arg=2}{value=web}{display=web}{default=false}',
  );
  // What was loaded is in the dialog of the next time, without a question to the cluster.
  await writeProgram(join(home.folder, 'asked'), `echo asked >>${home.folder}/calls; exit 1`);
  const config = ['--extcap-config', '--extcap-interface', home.interface];
  const dialog = await home.run([home.launcher, ...config], { KUBECTL: join(home.folder, 'asked') });
  expect(dialog.stdout).toContain('{value=deployment/idle}');
  const cannot = await home.run([home.launcher, ...config, '--extcap-reload-option', 'workload'], {
    KUBECTL: join(home.folder, 'asked'),
  });
  expect({ ...cannot, stdout: '' }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  expect(cannot.stdout).toContain('{value=deployment/idle}');
});

test('tshark captures the pod that the options name, and its packets have names', async () => {
  const file = join(home.folder, 'tshark.pcapng');
  const filter = `udp port ${port} or udp port ${otherPort}`;
  const capturing = home.run([
    'tshark',
    '-i',
    home.interface,
    ...preferences(choice()),
    '-f',
    filter,
    '-a',
    'packets:20',
    '-w',
    file,
  ]);
  const over = new AbortController();
  const ended = capturing.finally(() => over.abort());
  while (!over.signal.aborted) await sender.send({ address, count: 10, first: 0, size: 100, perSecond: 20 });
  const { exitCode, stderr } = await ended;
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  const rows = await tshark(file, ['frame.interface_name', 'udp.dstport']);
  expect(rows).toHaveLength(20);
  expect(new Set(rows.map(([name]) => name))).toEqual(new Set([`${shop}/web:eth0`]));
  const named = await home.run(['tshark', '-N', 'n', '-r', file, '-T', 'fields', '-e', 'ip.dst_host']);
  expect(named.stdout).toContain(`${shop}/web`);
});

test('the toolbar moves the filter while it captures: no packet is lost, and a bad filter changes nothing', async () => {
  const file = join(home.folder, 'driven.pcapng');
  const capture = await driveCapture(home, args({ ...choice(), filter: `udp port ${port}` }), file);
  const { filter: number, snaplen } = toolbarControls;
  capture.send({ control: 0, command: controlCommands.initialized, payload: '' });
  const isPods =
    (text: string) =>
    ({ control, command, payload }: ControlMessage): boolean =>
      control === toolbarControls.pods && command === controlCommands.add && payload.includes(text);
  await capture.told(
    'the filter is shown',
    ({ control, payload }) => control === number && payload === `udp port ${port}`,
  );
  await capture.told('the pod, with what it has dropped', isPods(`${shop}/web: 0 dropped`));
  const done = new AbortController();
  let sent = 0;
  const sending = (async () => {
    for (; !done.signal.aborted; sent += 500)
      await sender.send({ address, count: 500, first: sent, size: 300, perSecond: 1000 });
  })();
  const moves = 20;
  for (let move = 0; move < moves; move += 1) {
    const before = capture.messages.length;
    const wanted = `udp port ${port} or udp port ${10_000 + move}`;
    capture.send({ control: number, command: controlCommands.set, payload: wanted });
    await capture.told(
      `move ${move}`,
      ({ command, payload }) => command === controlCommands.status && payload.includes(wanted),
    );
    expect(capture.messages.length).toBeGreaterThan(before);
  }
  capture.send({ control: number, command: controlCommands.set, payload: 'udp port (' });
  const { payload: warning } = await capture.told('a warning', ({ command }) => command === controlCommands.warning);
  expect(warning).toContain('syntax error');
  capture.send({ control: snaplen, command: controlCommands.set, payload: '96' });
  await capture.told('the other length', ({ payload }) => payload.includes('bytes 96'));
  const short = sent;
  done.abort();
  await sending;
  await sender.send({ address, count: 100, first: sent, size: 300, perSecond: 1000 });
  const total = sent + 100;
  // What has left the pod is in the pipe by then.
  const { stderr, code } = await capture.stop();
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  const packets = await readNumbered([file], port);
  expect(gaps(packets, packets[0]?.number ?? 0)).toEqual([]);
  expect(packets.at(-1)?.number).toBe(total - 1);
  const lengths = await tshark(file, ['frame.cap_len', 'frame.len'], `udp.port == ${port}`);
  expect(lengths.at(0)).toEqual(['342', '342']);
  expect(lengths.at(-1)).toEqual(['96', '342']);
  expect(short).toBeGreaterThan(0);
});

test('in the window of Wireshark, what is typed in the toolbar moves the filter of the capture that runs', async () => {
  await ensurePackages(windowPackages, stderrProgress);
  const file = join(home.folder, 'window.pcapng');
  const chosen = preferences({ ...choice(), filter: `udp port ${port}` });
  const window = await openWireshark(home, ['-k', '-i', home.interface, ...chosen, '-w', file]);
  try {
    const sendUntilSeen = async (to: number): Promise<void> =>
      until(
        `packets to port ${to}`,
        async () => {
          for (const one of [port, otherPort])
            await sender.send({ address, port: one, count: 5, first: 0, size: 100, perSecond: 100 });
          return (await readNumbered([file], to).catch(() => [])).length > 0;
        },
        { milliseconds: 120_000 },
      ).then(() => undefined);
    await sendUntilSeen(port);
    expect(await readNumbered([file], otherPort)).toEqual([]);
    await window.enterInToolbar(`udp port ${otherPort}`);
    await sendUntilSeen(otherPort);
    const before = (await readNumbered([file], port)).length;
    await sendUntilSeen(otherPort);
    expect((await readNumbered([file], port)).length).toBe(before);
  } finally {
    if (process.env['PACKET_CAPTURE_KEEP_SCREEN'] !== undefined)
      await copyFile(join(window.screen, 'Xvfb_screen0'), process.env['PACKET_CAPTURE_KEEP_SCREEN']);
    await window.close();
  }
});

test('an error is one line that says what to do in Wireshark', async () => {
  const file = join(home.folder, 'none.pcapng');
  await writeFile(file, '');
  const capture = await driveCapture(home, args({ namespace: shop, pod: 'nobody' }), file);
  const ended = capture.told('never', () => false);
  await expect(ended).rejects.toThrow(/packet-capture: .*nobody.* \(NOT_FOUND\)/s);
});
