import { describe, expect, test } from 'vitest';
import {
  attachedContainers,
  defaultAgent,
  defaultSidecarConfig,
  makeAttached,
  makeSidecar,
  nextAttachedName,
  type AttachedOptions,
} from '../../../src/sidecar/index.ts';

const options: AttachedOptions = {
  name: 'packet-capture',
  config: defaultSidecarConfig,
  profile: 'privileged',
  ttl: '1h',
};

/** Fields that the API server refuses in an ephemeral container (allowedEphemeralContainerFields of its validation). */
const refused = ['ports', 'resources', 'restartPolicy', 'lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'];

describe('makeAttached', () => {
  test.each(['privileged', 'baseline'] as const)(
    '%s: the container equals the sidecar, except for fields that an ephemeral container cannot have',
    (profile) => {
      const attached = makeAttached({ ...options, profile });
      const { container } = makeSidecar({ config: defaultSidecarConfig, profile, guaranteed: false, podSettings: {} });
      expect(attached.image).toBe(container.image);
      expect(attached['imagePullPolicy']).toBe(container['imagePullPolicy']);
      expect(attached['securityContext']).toEqual({
        ...(container['securityContext'] as object),
        readOnlyRootFilesystem: false,
      });
      expect(Object.keys(attached).filter((key) => refused.includes(key))).toEqual([]);
      expect(attached.volumeMounts).toBeUndefined();
    },
  );

  test('it begins idle, ends by itself, and has a smaller ring and the limit of its size', () => {
    const attached = makeAttached(options);
    expect([attached['command'], attached['args']]).toEqual([
      ['/usr/bin/packet-capture-agent', 'run', '--attached'],
      ['--ttl', '1h'],
    ]);
    expect(attached['env']).toEqual([
      expect.objectContaining({ name: 'POD_NAMESPACE' }),
      expect.objectContaining({ name: 'POD_NAME' }),
      expect.objectContaining({ name: 'NODE_NAME' }),
      { name: 'PACKET_CAPTURE_DIR', value: '/captures' },
      { name: 'PACKET_CAPTURE_SETTINGS_DIR', value: '/captures/.settings' },
      { name: 'PACKET_CAPTURE_SIZE_LIMIT', value: '160Mi' },
      { name: 'PACKET_CAPTURE_STATE', value: 'idle' },
      { name: 'PACKET_CAPTURE_FILE_SIZE', value: '16Mi' },
      { name: 'PACKET_CAPTURE_FILE_COUNT', value: '4' },
    ]);
  });

  test("the release's settings are its defaults, except for the state and for destinations", () => {
    const settings = { state: 'running', 'file-count': '2', snaplen: '96', upload: 's3:captures' };
    const agent = { ...defaultAgent, allowedUploads: [], securityContext: { runAsUser: null } };
    const attached = makeAttached({ ...options, config: { form: 'agent', agent, settings }, asRoot: true });
    const env = Object.fromEntries(
      (attached['env'] as readonly { name: string; value?: string }[]).map(({ name, value }) => [name, value]),
    );
    expect(env).toMatchObject({
      PACKET_CAPTURE_STATE: 'idle',
      PACKET_CAPTURE_FILE_COUNT: '2',
      PACKET_CAPTURE_SNAPLEN: '96',
      PACKET_CAPTURE_SIZE_LIMIT: '128Mi',
      PACKET_CAPTURE_ALLOWED_UPLOADS: '',
    });
    expect(env).not.toHaveProperty('PACKET_CAPTURE_UPLOAD');
    expect(attached['securityContext']).toMatchObject({ runAsNonRoot: true, runAsUser: 60947 });
  });
});

const ours = (name: string): { name: string; command: string[] } => ({
  name,
  command: ['/usr/bin/packet-capture-agent', 'run', '--attached'],
});

test('attachedContainers returns our containers with their states', () => {
  const spec = {
    ephemeralContainers: [ours('packet-capture'), { name: 'packet-capture-2' }, ours('packet-capture-3'), ours('x')],
  };
  const ephemeralContainerStatuses = [
    { name: 'packet-capture', state: { terminated: { exitCode: 0 } } },
    { name: 'packet-capture-3', state: { running: {} } },
  ];
  const states = attachedContainers({ spec, status: { ephemeralContainerStatuses } });
  expect(states.map(({ name, state }) => [name, state])).toEqual([
    ['packet-capture', 'ended'],
    ['packet-capture-3', 'running'],
  ]);
  expect(attachedContainers({ spec: { ephemeralContainers: [ours('packet-capture')] } })).toMatchObject([
    { state: 'starting', status: undefined },
  ]);
  expect(attachedContainers({})).toEqual([]);
});

test.each([
  [{}, 'packet-capture'],
  [{ ephemeralContainers: [ours('packet-capture')] }, 'packet-capture-2'],
  [{ ephemeralContainers: [ours('packet-capture'), { name: 'packet-capture-2' }] }, 'packet-capture-3'],
  [{ containers: [{ name: 'packet-capture' }], initContainers: [{ name: 'packet-capture-2' }] }, 'packet-capture-3'],
])('nextAttachedName of %j is %s', (spec, name) => {
  expect(nextAttachedName({ spec })).toBe(name);
});
