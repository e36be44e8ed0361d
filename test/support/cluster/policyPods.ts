import fc from 'fast-check';
import { localVolumesAnnotation } from '../../../src/inject/index.ts';
import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { injectAnnotation, settingAnnotation, settings } from '../../../src/settings/index.ts';
import { amountAnnotation, amountNames } from '../../../src/sidecar/index.ts';

const sizes = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '0',
    '1Mi',
    '1048575',
    '1048576',
    '1M',
    '2M',
    '9007199254740991',
    '9007199254740992',
    '8191Ti',
    '1e9',
    '16mi',
    '-16Mi',
    '16Mi\n',
  ),
  fc
    .tuple(fc.nat({ max: 1_000_000 }), fc.constantFrom('', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'm'))
    .map(([amount, unit]) => `${amount}${unit}`),
  fc.maxSafeNat().map(String),
);
const counts = fc.oneof(
  fc.constantFrom('', '0', '1', '08', '999999999', '1000000000', '-1', '1.0', ' 1', 'x'),
  fc.integer({ min: 1, max: 999_999_999 }).map(String),
);
const quantity = fc.constantFrom('0', '1m', '10m', '0.01', '1', '1000m', '1e3', '16Mi', '1Gi', '1024Mi', '1073741824');
/** Requests are at most the limits, or the pod is none that the API server takes. */
const resources = fc.oneof(
  fc.constant(undefined),
  fc.constant({}),
  fc.record({ cpu: quantity, memory: quantity }).map((limits) => ({ limits })),
  fc.record({ cpu: quantity, memory: quantity }).map((limits) => ({ limits, requests: limits })),
  fc.constant({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } }),
  fc.constant({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '999m' } }),
  fc.constant({ requests: { cpu: '1' } }),
  fc.constant({ limits: { 'ephemeral-storage': '80Mi' } }),
  fc.constant({
    limits: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' },
    requests: { 'ephemeral-storage': '1Mi' },
  }),
  fc.constant({ requests: { 'ephemeral-storage': '1Mi' } }),
);
/** Among them the one that the agent's metrics may have, and others that it does not mind. */
const ports = fc.constantFrom(
  undefined,
  undefined,
  undefined,
  [],
  [{ containerPort: 80 }],
  [{ containerPort: 80 }, { containerPort: 9464 }],
  [{ containerPort: 9464, protocol: 'UDP' }],
);
const rarely = <T>(usual: fc.Arbitrary<T>, rare: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: fc.constant(rare) });
const containerNames = fc.uniqueArray(
  rarely(fc.constantFrom('app', 'web', 'init', 'proxy', 'log', 'packet-capture-2'), 'packet-capture-mirror'),
  { minLength: 1, maxLength: 5 },
);
const volumeNames = fc.uniqueArray(
  rarely(fc.constantFrom('data', 'more', 'files', 'packet-capture'), 'packet-capture-files'),
  { maxLength: 3 },
);
const places = fc.constantFrom(
  { hostNetwork: true },
  { os: { name: 'windows' } },
  { os: { name: 'linux' } },
  { nodeSelector: { 'kubernetes.io/os': 'windows' } },
  { nodeSelector: { 'kubernetes.io/os': 'linux' } },
);

const amount = fc.option(
  fc.oneof(quantity, fc.constantFrom('', 'x', '-1', '5m', '64', '0.5', '2P', '1n', '2Gi', '1Gi\n', '.5Gi')),
  { nil: undefined, freq: 2 },
);
const amounts = fc.record(Object.fromEntries(amountNames.map((name) => [amountAnnotation(name), amount])));
const localVolumes = fc.constantFrom(
  undefined,
  undefined,
  '',
  'data',
  'data, more',
  'packet-capture-files,packet-capture-no-token',
);
const contexts = fc.constantFrom(
  undefined,
  undefined,
  { runAsUser: 0 },
  { runAsUser: 1000, appArmorProfile: { type: 'Localhost', localhostProfile: 'app' } },
  { appArmorProfile: { type: 'Unconfined' } },
);

/** Pods in all the ways that matter to an injection; some cannot have it, some do not want it. */
export function anyPod(annotation: string): fc.Arbitrary<PodTemplate> {
  return fc
    .record({
      asked: fc.oneof(
        { weight: 9, arbitrary: fc.constant('true') },
        { weight: 1, arbitrary: fc.constantFrom('false', 'no', undefined) },
      ),
      own: fc.oneof(
        { weight: 9, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom('true', 'false') },
      ),
      size: fc.option(sizes, { nil: undefined }),
      count: fc.option(counts, { nil: undefined }),
      mirror: fc.constantFrom(undefined, undefined, '', 'vxlan://collector', 'nowhere'),
      amounts,
      listed: localVolumes,
      securityContext: contexts,
      names: containerNames,
      split: fc.nat({ max: 4 }),
      resources: fc.array(resources, { minLength: 5, maxLength: 5 }),
      guaranteed: fc.boolean(),
      ports: fc.array(ports, { minLength: 5, maxLength: 5 }),
      volumes: fc.option(volumeNames, { nil: undefined }),
      pullSecrets: fc.option(fc.subarray(['registry', 'other', 'mirror.registry']), { nil: undefined }),
      more: fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: places }),
    })
    .map(
      ({
        asked,
        own,
        size,
        count,
        mirror,
        amounts: wanted,
        listed,
        securityContext,
        names,
        split,
        resources: given,
        guaranteed,
        ports: open,
        volumes,
        pullSecrets,
        more,
      }) => {
        const full = { limits: { cpu: '1', memory: '1Gi' } };
        const containers = names.map((name, index) => ({
          name,
          image: 'x',
          resources: guaranteed ? full : given[index],
          ports: open[index],
        }));
        const inits = Math.min(split, names.length - 1);
        const annotations = {
          [annotation]: asked,
          [injectAnnotation]: own,
          [settingAnnotation('file-size')]: size,
          [settingAnnotation('file-count')]: count,
          [settingAnnotation('mirror')]: mirror,
          [localVolumesAnnotation]: listed,
          ...wanted,
        };
        return JSON.parse(
          JSON.stringify({
            metadata: { annotations },
            spec: {
              ...more,
              ...('os' in more || securityContext === undefined ? {} : { securityContext }),
              containers: containers.slice(inits),
              ...(inits === 0 ? {} : { initContainers: containers.slice(0, inits) }),
              ...(volumes === undefined ? {} : { volumes: volumes.map((name) => ({ name, emptyDir: {} })) }),
              ...(pullSecrets === undefined ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
            },
          }),
        ) as PodTemplate;
      },
    );
}

/** With more of something than anybody has. */
export function largePods(annotation: string): readonly PodTemplate[] {
  const app = { name: 'app', image: 'x' };
  const pod = (spec: object, annotations: Readonly<Record<string, string>> = {}): PodTemplate => ({
    metadata: { annotations: { [annotation]: 'true', ...annotations } },
    spec: { containers: [app], ...spec },
  });
  const many = <T>(count: number, make: (index: number) => T): T[] =>
    Array.from({ length: count }, (_, index) => make(index));
  const limits = { cpu: '1m', memory: '1Mi' };
  // An object's annotations have at most 256 KiB together.
  const long = 'x'.repeat(Math.floor(234_000 / settings.length));
  const settled = Object.fromEntries(settings.map(({ name }) => [settingAnnotation(name), long]));
  return [
    pod({
      volumes: many(300, (index) => ({ name: `volume-${index}`, emptyDir: {} })),
      containers: [
        { ...app, volumeMounts: many(300, (index) => ({ name: `volume-${index}`, mountPath: `/mnt/${index}` })) },
      ],
    }),
    // Guaranteed to the last one, so that all are looked at.
    pod({
      initContainers: many(150, (index) => ({ ...app, name: `init-${index}`, resources: { limits } })),
      containers: many(150, (index) => ({ ...app, name: `app-${index}`, resources: { limits } })),
    }),
    pod({
      containers: many(100, (index) => ({
        ...app,
        name: `app-${index}`,
        ports: many(30, (port) => ({ containerPort: 10_000 + 30 * index + port })),
      })),
    }),
    pod({ imagePullSecrets: many(500, (index) => ({ name: `secret-${index}` })) }),
    pod({}, { ...settled, big: 'ü'.repeat(3000) }),
    pod({}, Object.fromEntries(many(3000, (index) => [`annotation-${index}`, 'x'.repeat(50)]))),
  ];
}
