import { chmod, mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { articleConfigMap, articleDeployment, articleMonitor } from '../support/article.ts';
import { useCommandFolder } from '../support/commands/commandFolder.ts';

const service = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n';

const { at, packetCapture, put, read } = useCommandFolder();

// Each test starts the program, so they run concurrently.
test.concurrent('inject and then uninject, from standard input to standard output, give the original bytes', async () => {
  const injected = await packetCapture(['inject', '-f', '-', '--filter', 'tcp port 80'], articleDeployment);
  expect(injected.exitCode).toBe(0);
  expect(injected.stdout).toContain('packet-capture/filter: tcp port 80\n');
  expect(injected.stderr).toBe('injected deployment/nginx-deployment (-:1)\n');
  const back = await packetCapture(['uninject', '-f', '-'], injected.stdout);
  expect(back.stdout).toBe(articleDeployment);
});

test.concurrent('flags for CPU and memory of the sidecar become annotations that uninject removes; an invalid one ends with 2', async () => {
  const injected = await packetCapture(
    ['inject', '-f', '-', '--cpu-request', '100m', '--memory-limit', '128Mi'],
    articleDeployment,
  );
  expect(injected.stdout).toContain('packet-capture/cpu-request: 100m\n');
  expect(injected.stdout).toMatch(/limits:\n +cpu: 250m\n +memory: 128Mi\n/);
  const back = await packetCapture(['uninject', '-f', '-'], injected.stdout);
  expect(back.stdout).toBe(articleDeployment);
  const bad = await packetCapture(['inject', '-f', '-', '--memory-limit', '64'], articleDeployment);
  expect(bad).toMatchObject({ exitCode: 2, stdout: '' });
  expect(bad.stderr).toContain('memory-limit "64" must be at least 16Mi');
});

test.concurrent('a ring larger than the volume is refused in flags and files with the numbers, and only reported in an annotation', async () => {
  const sum = 'file-size 10Gi x (file-count 100 + 1) + 16Mi = 1010.02Gi, more than the 10Gi that a volume may have';
  const byFlag = await packetCapture(
    ['inject', '-f', '-', '--file-size', '10Gi', '--file-count', '100'],
    articleDeployment,
  );
  expect(byFlag).toMatchObject({ exitCode: 2, stdout: '' });
  expect(byFlag.stderr).toContain(sum);
  const config = await put('ring.yaml', 'settings: {file-size: 10Gi, file-count: 100}\n');
  const byFile = await packetCapture(['inject', '-f', '-', '--sidecar-config', config], articleDeployment);
  expect(byFile).toMatchObject({ exitCode: 2, stdout: '' });
  expect(byFile.stderr).toContain(sum);
  const allowed = await put(
    'large.yaml',
    'agent: {maxVolumeSize: 2Ti}\nsettings: {file-size: 10Gi, file-count: 100}\n',
  );
  expect((await packetCapture(['inject', '-f', '-', '--sidecar-config', allowed], articleDeployment)).stdout).toContain(
    'sizeLimit: 1034320Mi',
  );
  const annotated = `apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {packet-capture/file-size: 10Gi, packet-capture/file-count: "100"}}\nspec: {containers: [{name: a, image: a}]}\n`;
  const injected = await packetCapture(['inject', '-f', '-'], annotated);
  expect(injected.exitCode).toBe(0);
  expect(injected.stdout).toContain('"sizeLimit": "10240Mi"');
  expect(injected.stderr).toContain('injected pod/a (-:1): with a smaller volume');
});

test.concurrent('a flag that the configuration does not allow is refused, and snaplen headers is accepted', async () => {
  const release = await put(
    'release.yaml',
    'agent: {maxBufferSize: 128Mi, allowedSettings: [buffer-size, stream, snaplen], allowedStreams: ["*.obs:57012"]}\n',
  );
  const inject = async (...flags: readonly string[]): ReturnType<typeof packetCapture> =>
    packetCapture(['inject', '-f', '-', '--sidecar-config', release, ...flags], articleDeployment);
  for (const [flags, words] of [
    [['--buffer-size', '129Mi'], 'buffer-size "129Mi" must be at most 128Mi'],
    [['--filter', 'udp'], 'must stay as the release has it: annotations may change buffer-size, stream, snaplen'],
    [['--stream', 'evil:1'], 'must be a destination that the release allows: *.obs:57012'],
  ] as const) {
    const { exitCode, stdout, stderr } = await inject(...flags);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(words);
  }
  const { exitCode, stdout } = await inject(
    '--snaplen',
    'headers',
    '--stream',
    'c.obs:57012',
    '--buffer-size',
    '128Mi',
  );
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/packet-capture\/snaplen: "?headers/);
  for (const text of [
    'PACKET_CAPTURE_BUFFER_LIMIT',
    'PACKET_CAPTURE_ALLOWED_SETTINGS',
    'PACKET_CAPTURE_ALLOWED_STREAMS',
  ])
    expect(stdout).toContain(text);
});

test.concurrent("the custom sidecar in the article's ConfigMap gives the article's YAML byte by byte", async () => {
  const config = await put('configmap.yaml', articleConfigMap);
  const { stdout } = await packetCapture(['inject', '-f', '-', '--sidecar-config', config], articleDeployment);
  expect(stdout).toBe(articleDeployment + articleMonitor);
  const back = await packetCapture(['uninject', '-f', '-', '--sidecar-config', config], stdout);
  expect(back.stdout).toBe(articleDeployment);
});

test.concurrent('--in-place changes files with workloads and no others, and keeps modes and links', async () => {
  await mkdir(at('manifests/deep'), { recursive: true });
  await put('manifests/web.yaml', articleDeployment);
  await put('manifests/service.yaml', service);
  await put('manifests/notes.txt', 'kind: Deployment');
  await put('manifests/deep/web.yml', articleDeployment);
  await symlink('web.yaml', at('manifests/link.yaml'));
  await chmod(at('manifests/web.yaml'), 0o640);
  const before = await stat(at('manifests/service.yaml'));
  const { exitCode, stdout, stderr } = await packetCapture([
    'inject',
    '-f',
    'manifests/web.yaml',
    '-f',
    'manifests/service.yaml',
    '--in-place',
  ]);
  expect([exitCode, stdout]).toEqual([0, '']);
  expect(stderr).toBe('injected deployment/nginx-deployment (manifests/web.yaml:1)\n');
  expect(await read('manifests/link.yaml')).toContain('packet-capture/status');
  expect((await stat(at('manifests/web.yaml'))).mode & 0o777).toBe(0o640);
  expect((await stat(at('manifests/service.yaml'))).mtimeMs).toBe(before.mtimeMs);
  expect(await read('manifests/deep/web.yml')).toBe(articleDeployment);
  await packetCapture(['uninject', '-f', 'manifests', '--in-place']);
  expect(await read('manifests/web.yaml')).toBe(articleDeployment);
  await packetCapture(['inject', '-R', '-f', 'manifests', '--in-place']);
  expect(await read('manifests/deep/web.yml')).toContain('packet-capture/status');
  expect((await readdir(at('manifests'))).toSorted()).toEqual([
    'deep',
    'link.yaml',
    'notes.txt',
    'service.yaml',
    'web.yaml',
  ]);
});

test.concurrent('with one invalid document nothing is written, and the error names its place', async () => {
  await put('good.yaml', articleDeployment);
  await put('broken.yaml', 'kind: A\n---\nkind: Deployment\nspec: [1\n');
  const { exitCode, stdout, stderr } = await packetCapture([
    'inject',
    '-f',
    'good.yaml',
    '-f',
    'broken.yaml',
    '--in-place',
  ]);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^error YAML_INVALID: /);
  expect(stderr).toMatch(/broken\.yaml: document 2, line \d+, column \d+/);
  expect(stderr).toContain('^');
  expect(await read('good.yaml')).toBe(articleDeployment);
});

test.concurrent('several files become one stream of documents on standard output', async () => {
  await put('a.yaml', service.trimEnd());
  await put('b.yaml', articleDeployment);
  const { stdout } = await packetCapture(['inject', '-f', 'a.yaml', '-f', 'b.yaml']);
  expect(stdout.startsWith(`---\n${service}---\napiVersion: apps/v1\n`)).toBe(true);
});

test.concurrent('a Namespace in one file applies to a workload in another', async () => {
  await put(
    'namespace.yaml',
    'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    pod-security.kubernetes.io/enforce: restricted\n',
  );
  await put('workload.yaml', articleDeployment);
  const { exitCode, stdout, stderr } = await packetCapture([
    'inject',
    '-f',
    'workload.yaml',
    '-f',
    'namespace.yaml',
    '-n',
    'shop',
  ]);
  expect(exitCode).toBe(0);
  expect(stdout).not.toContain('packet-capture');
  expect(stderr).toContain('skipped deployment/nginx-deployment (workload.yaml:1): pod_security_restricted: ');
});

test.concurrent('a workload that asks for a mirror in baseline gets none, and this is reported', async () => {
  await put('mirrored.yaml', articleDeployment);
  const inject = async (...more: string[]): ReturnType<typeof packetCapture> =>
    packetCapture(['inject', '-f', 'mirrored.yaml', '--mirror', 'vxlan://collector', ...more]);
  const [privileged, baseline, patch] = await Promise.all([
    inject(),
    inject('--pod-security', 'baseline'),
    inject('--pod-security', 'baseline', '-o', 'patch'),
  ]);
  expect(privileged.stdout.match(/- name: packet-capture(?:-mirror)?$/gm)).toEqual([
    '- name: packet-capture',
    '- name: packet-capture-mirror',
  ]);
  expect(privileged.stderr).toBe('injected deployment/nginx-deployment (mirrored.yaml:1)\n');
  expect(baseline.stdout).not.toContain('- name: packet-capture-mirror');
  expect(baseline.stderr).toBe(
    'injected deployment/nginx-deployment (mirrored.yaml:1): without its mirror: its namespace enforces Pod Security "baseline", which forbids NET_ADMIN\n',
  );
  expect(patch.stderr).toBe(baseline.stderr);
});

test.concurrent('--dry-run prints only the report', async () => {
  await put('dry.yaml', articleDeployment);
  const { stdout, stderr } = await packetCapture(['inject', '-f', 'dry.yaml', '--in-place', '--dry-run']);
  expect([stdout, stderr]).toEqual(['', 'injected deployment/nginx-deployment (dry.yaml:1)\n']);
  expect(await read('dry.yaml')).toBe(articleDeployment);
});

test.concurrent.each<[string[], number, string]>([
  [['inject'], 2, "required option '-f, --filename <FILE>'"],
  [['inject', '-f', 'absent.yaml'], 2, 'error FILE_UNREADABLE: '],
  [['inject', '-f', '-', '--in-place'], 2, 'error USAGE: --in-place cannot replace standard input'],
  [
    ['inject', '-f', '-', '--file-size', 'big'],
    2,
    'error SETTING_INVALID: file-size "big" must be a quantity such as 16Mi or 64M\n  at --file-size',
  ],
  [
    ['inject', '-f', '-', '--mirror', 'x:4789'],
    2,
    'error SETTING_INVALID: mirror "x:4789" must be vxlan://HOST[:PORT][?vni=NUMBER]',
  ],
  [['inject', '-f', '-', '--stream', 'x'], 2, 'error SETTING_INVALID: stream "x" must be HOST:PORT or [IPV6]:PORT'],
  [['inject', '-f', '-', '--pod-security', 'restricted'], 1, 'error POD_SECURITY: '],
  [['inject', '-f', '-', '--pod-security', 'none'], 2, 'Allowed choices are privileged, baseline, restricted'],
  [['inject', '-f', 'a.yaml', '--in-place', '-o', 'json'], 2, 'error USAGE: --in-place and -o json exclude each other'],
  [['inject', '-f', '-', '--kind', 'service/x'], 2, 'error USAGE: a "service/x" has no pod template'],
  [['inject', '-f', '-', '--name', 'x'], 2, 'error USAGE: the input has no workload "x"\n  at --name'],
  [['uninject', '-f', '-', '--name', 'x', '-l', 'a=b'], 2, 'error USAGE: -l selects no workload "x"\n  at --name'],
  [['diff', '-f', '-', '--name', 'x'], 2, 'error USAGE: the input has no workload "x"'],
  [['inject', '-f', '-', '-o', 'patch', '--name', 'x'], 2, 'error USAGE: the input has no workload "x"'],
  [
    ['inject', '-f', '-', '--require-injection'],
    1,
    'error NOT_INJECTED: the input has no workload\n  at --require-injection',
  ],
  [['inject', '-f', '-', '--template-path', 'x'], 2, 'error USAGE: "x" is not of the form GROUP/KIND=path.to.template'],
  [['inject', '-f', '-', '--function-config', 'absent.yaml'], 2, 'error FILE_UNREADABLE: '],
  [['inject', '-f', '-', '--filtr', 'x'], 2, '(Did you mean --filter?)'],
  [['injekt'], 2, "unknown command 'injekt'"],
])('%j ends with %d: %s', async (args, exitCode, message) => {
  const result = await packetCapture(args);
  expect(result.stderr).toContain(message);
  expect([result.exitCode, result.stdout]).toEqual([exitCode, '']);
});

test.concurrent('inject with another setting updates the sidecar, a repetition changes nothing, and uninject gives the original bytes', async () => {
  await put('again.yaml', articleDeployment);
  const run = async (...args: readonly string[]): ReturnType<typeof packetCapture> =>
    packetCapture([args[0] ?? '', '-f', 'again.yaml', ...args.slice(1)]);
  await run('inject', '--in-place', '--filter', 'udp');
  const diff = await run('diff', '--filter', 'tcp port 80');
  expect([
    diff.exitCode,
    diff.stdout
      .split('\n')
      .filter((line) => /^[-+] .*filter:/.test(line))
      .map((line) => line.replaceAll(/ +/g, ' ')),
  ]).toEqual([1, ['- packet-capture/filter: udp', '+ packet-capture/filter: tcp port 80']]);
  const updated = await run('inject', '--in-place', '--filter', 'tcp port 80');
  expect([updated.exitCode, updated.stderr]).toEqual([0, 'updated deployment/nginx-deployment (again.yaml:1)\n']);
  const text = await read('again.yaml');
  expect(text).toContain('packet-capture/filter: tcp port 80\n');
  const again = await run('inject', '--in-place', '--filter', 'tcp port 80', '--require-injection');
  expect([again.exitCode, again.stderr]).toEqual([
    0,
    expect.stringContaining('skipped deployment/nginx-deployment (again.yaml:1): already_injected: '),
  ]);
  expect(await read('again.yaml')).toBe(text);
  await run('uninject', '--in-place');
  expect(await read('again.yaml')).toBe(articleDeployment);
});

test.concurrent('inject -o json prints the report as JSON', async () => {
  const { stdout } = await packetCapture(['inject', '-f', '-', '-o', 'json'], `${articleDeployment}---\n${service}`);
  expect(JSON.parse(stdout)).toMatchObject({
    kind: 'List',
    items: [{ spec: { template: { spec: { initContainers: [{ name: 'packet-capture' }] } } } }, { kind: 'Service' }],
  });
});

test.concurrent('inject --diff shows what would change, like kubectl diff', async () => {
  await mkdir(at('diff'));
  await put('diff/web.yaml', articleDeployment);
  const { exitCode, stdout } = await packetCapture(['diff', '-f', 'diff', '--filter', 'udp']);
  expect(exitCode).toBe(1);
  expect(stdout.split('\n').filter((line) => line.startsWith('-'))).toEqual(['--- diff/web.yaml']);
  expect(stdout).toMatch(/\n\+ +packet-capture\/filter: udp\n/);
  const { stdout: injected } = await packetCapture(['inject', '-f', 'diff/web.yaml']);
  expect(await packetCapture(['diff', '-f', '-'], injected)).toMatchObject({ exitCode: 0, stdout: '' });
  expect(await packetCapture(['diff', '-f', '-', '--pod-security', 'restricted'], injected)).toMatchObject({
    exitCode: 2,
    stdout: '',
  });
  expect(await packetCapture(['diff', '-f', 'absent.yaml'])).toMatchObject({ exitCode: 2, stdout: '' });
});

test.concurrent('settings are refused with a custom sidecar, which does not read them', async () => {
  const config = await put('own.yaml', articleConfigMap);
  const { exitCode, stderr } = await packetCapture(
    ['inject', '-f', '-', '--sidecar-config', config, '--filter', 'x'],
    articleDeployment,
  );
  expect([exitCode, stderr.split(':')[0]]).toEqual([2, 'error USAGE']);
});

test.concurrent('settings -o json prints the settings as JSON', async () => {
  const { stdout } = await packetCapture(['settings', '-o', 'json']);
  expect(JSON.parse(stdout)).toContainEqual(
    expect.objectContaining({ name: 'filter', annotation: 'packet-capture/filter' }),
  );
});
