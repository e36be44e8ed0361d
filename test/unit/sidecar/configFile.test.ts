import { expect, test } from 'vitest';
import { defaultAgent, readSidecarConfig } from '../../../src/sidecar/index.ts';

test('an absent key of the agent form has its default', () => {
  const config = readSidecarConfig(
    { agent: { image: 'x:1', metricsPort: 9464 }, settings: { 'file-count': 4, filter: 'port 80' } },
    'f',
  );
  expect(config).toEqual({
    form: 'agent',
    agent: { ...defaultAgent, image: 'x:1', metricsPort: 9464 },
    settings: { 'file-count': '4', filter: 'port 80' },
  });
});

test('a custom sidecar in the form of the article is kept unchanged', () => {
  const monitor = {
    name: 'sidecar-monitor',
    image: 'docker.io/s1240zsw/centos-packet-agent:v1',
    stdin: true,
    tty: true,
  };
  expect(readSidecarConfig({ containers: [monitor] }, 'f')).toEqual({
    form: 'custom',
    containers: [monitor],
    initContainers: [],
    volumes: [],
  });
});

test('skipRuntimeClasses may be added to either form', () => {
  const skipRuntimeClasses = ['kata-*', 'sandboxed'];
  expect(readSidecarConfig({ skipRuntimeClasses }, 'f')).toMatchObject({ form: 'agent', skipRuntimeClasses });
  expect(readSidecarConfig({ skipRuntimeClasses, containers: [{ name: 'x' }] }, 'f')).toMatchObject({
    form: 'custom',
    skipRuntimeClasses,
  });
  expect(readSidecarConfig({ skipRuntimeClasses: [] }, 'f')).toMatchObject({ skipRuntimeClasses: [] });
});

test.each([
  [null, 'SIDECAR_CONFIG_INVALID'],
  [[], 'SIDECAR_CONFIG_INVALID'],
  ['text', 'SIDECAR_CONFIG_INVALID'],
  [{ container: [] }, 'SIDECAR_CONFIG_INVALID'],
  [{ containers: [] }, 'SIDECAR_CONFIG_INVALID'],
  [{ containers: [{ image: 'x' }] }, 'SIDECAR_CONFIG_INVALID'],
  [{ containers: { name: 'x' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ skipRuntimeClasses: 'gvisor' }, 'SIDECAR_CONFIG_INVALID'],
  [{ skipRuntimeClasses: ['a*b'] }, 'SIDECAR_CONFIG_INVALID'],
  [{ skipRuntimeClasses: ['a,b'] }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: {}, containers: [{ name: 'x' }] }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { images: 'x' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { image: '' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { imagePullPolicy: 'Sometimes' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { imagePullSecrets: ['a'] } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { resources: 'small' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { resources: { requests: { cpu: '300m' }, limits: { cpu: 0.25 } } } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { resources: { requests: { memory: '65Mi' }, limits: { memory: '64Mi' } } } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { metricsPort: '9464' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { metricsPort: 80 } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { metricsPort: 65_536 } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { maxBufferSize: 'large' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { maxBufferSize: '2Gi' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { maxBufferSize: '512Ki' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { maxBufferSize: '2Mi' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ settings: { 'buffer-size': '65Mi' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { allowedSettings: 'state' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { allowedSettings: ['stat'] } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { allowedStreams: ['collector'] } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { allowedStreams: ['*lab:1'] } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { allowedMirrors: ['vxlan://a:1'] } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { allowedUploads: ['s3:a b'] } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { uploadProxy: 'proxy:3128' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { uploadProxy: 'socks5://proxy:1080' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { uploadProxy: 3128 } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { uploadNoProxy: ['a'] } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { uploadNoProxy: 'a b' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { uploadCA: 'Corp CA' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { maxVolumeSize: 'large' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { maxVolumeSize: 1000 } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { maxVolumeSize: '100Mi' } }, 'SIDECAR_CONFIG_INVALID'],
  [{ settings: { 'file-size': '10Gi', 'file-count': 100 } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { securityContext: [] } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { securityContext: { privileged: true } } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { securityContext: { allowPrivilegeEscalation: true } } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { securityContext: { capabilities: { add: ['SYS_ADMIN'] } } } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { securityContext: { runAsUser: 0 } } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { securityContext: { runAsUser: '1000' } } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { securityContext: { runAsGroup: 2 ** 31 } } }, 'SIDECAR_CONFIG_INVALID'],
  [{ agent: { securityContext: { seccompProfile: { type: 'Unconfined' } } } }, 'SIDECAR_CONFIG_INVALID'],
  [{ settings: { filter: ['x'] } }, 'SIDECAR_CONFIG_INVALID'],
  [{ settings: { filters: 'x' } }, 'SETTING_UNKNOWN'],
  [{ settings: { 'file-size': 'big' } }, 'SETTING_INVALID'],
])('%j is refused', (value, code) => {
  expect(() => readSidecarConfig(value, 'sidecarconfig.yaml')).toThrow(
    expect.objectContaining({ code, where: 'sidecarconfig.yaml' }),
  );
});

test('null in the security context is kept, and leaves the field out', () => {
  const securityContext = { runAsUser: null, runAsGroup: 0, seccompProfile: null };
  expect(readSidecarConfig({ agent: { securityContext } }, 'f')).toMatchObject({ agent: { securityContext } });
});

test('a limit of zero does not count as lower than a request', () => {
  const resources = { requests: { cpu: '300m' }, limits: { cpu: 0 } };
  expect(readSidecarConfig({ agent: { resources } }, 'f')).toMatchObject({ agent: { resources } });
});

test('the limits of a release are read', () => {
  const agent = {
    maxBufferSize: '1Gi',
    allowedSettings: ['state', '*'],
    allowedStreams: [],
    allowedMirrors: ['*', '*.lab:*', '[fd00::1]:4789'],
    allowedUploads: ['s3:captures/*', 'gcs:one'],
  };
  expect(readSidecarConfig({ agent, settings: { 'buffer-size': '1Gi' } }, 'f')).toMatchObject({ agent });
  expect(readSidecarConfig({ agent: {} }, 'f')).toMatchObject({
    agent: { maxBufferSize: '64Mi', allowedStreams: ['*'] },
  });
});

test.each([
  { uploadProxy: 'http://proxy.corp:3128', uploadNoProxy: '.corp,10.0.0.0/8,[fd00::1]:443', uploadCA: 'corp-ca' },
  { uploadProxy: 'https://[fd00::1]', uploadNoProxy: '*', uploadCA: '' },
])('the network settings of uploads are read: %j', (agent) => {
  expect(readSidecarConfig({ agent }, 'f')).toMatchObject({ agent });
});

test('credentials in the address of a proxy are refused, and the error does not contain them', () => {
  const read = (): unknown => readSidecarConfig({ agent: { uploadProxy: 'http://me:hunter2@proxy:3128' } }, 'f');
  expect(read).toThrow(
    expect.objectContaining({
      code: 'SIDECAR_CONFIG_INVALID',
      message: expect.stringMatching(/Secret packet-capture-upload$/),
    }),
  );
  expect(read).toThrow(expect.not.objectContaining({ message: expect.stringContaining('hunter2') }));
});
