import { pauseImage } from '../../../../scripts/cluster/nodeConfig.ts';
import { autopilot } from '../../platforms/autopilot.ts';
import { variables } from '../../platforms/standIn.ts';

/** Something of a cluster that may refuse pods with the sidecar, or keep them from starting. */
export interface Row {
  /** Part of the name of its namespace. */
  readonly name: string;
  /** For the table. */
  readonly title: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Made in its namespace before the app. */
  readonly objects?: readonly Named[];
  /** The API server itself enforces Pod Security `baseline`: this row is for its own, after all others. */
  readonly byConfiguration?: boolean;
  /** Of the app's pods. */
  readonly spec?: object;
  /** Of the app's container. */
  readonly container?: object;
  /** All its pods go before the first new one comes: what changes it without a question would take the app away. */
  readonly recreate?: boolean;
  /** The agent's image; the rows without one share releases with the image that the node has. */
  readonly image?: AgentImage;
}

/** What of an object its kind and name take. */
interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

export interface AgentImage {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly pullPolicy: string;
  readonly pullSecret?: string;
}

/** Nothing listens there: a pull fails at once. */
const nowhere = { registry: '127.0.0.1:1', repository: 'agent', tag: 'v1' };
const absent: AgentImage = { ...nowhere, pullPolicy: 'IfNotPresent' };
const unreadable: AgentImage = { ...nowhere, pullPolicy: 'Always', pullSecret: 'nonesuch' };

/** An object with all its other fields. */
const named = <T extends Named>(object: T): T => object;
const limitRange = (limits: object): Named =>
  named({
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'limits' },
    spec: { limits: [{ type: 'Container', ...limits }] },
  });
const quota = (hard: object): Named =>
  named({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'quota' }, spec: { hard } });
const defaultDeny = named({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'default-deny' },
  spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
});
const strict = {
  runAsNonRoot: true,
  runAsUser: 1000,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** The label by which the policies below find the namespaces of their row. */
export const policyLabel = 'compatibility/policy';

export const rows: readonly Row[] = [
  { name: 'plain', title: 'nothing' },
  {
    name: 'ratio',
    title: 'LimitRange, ratio of limit to request',
    objects: [
      limitRange({
        maxLimitRequestRatio: { cpu: '4', memory: '2' },
        default: { cpu: '400m', memory: '256Mi' },
        defaultRequest: { cpu: '200m', memory: '128Mi' },
      }),
    ],
  },
  {
    name: 'minimum',
    title: 'LimitRange, minimum',
    objects: [
      limitRange({
        min: { cpu: '100m', memory: '128Mi' },
        default: { cpu: '1', memory: '256Mi' },
        defaultRequest: { cpu: '100m', memory: '128Mi' },
      }),
    ],
  },
  {
    name: 'maximum',
    title: 'LimitRange, maximum',
    objects: [limitRange({ max: { cpu: '100m' }, default: { cpu: '50m' }, defaultRequest: { cpu: '10m' } })],
  },
  { name: 'quota-pods', title: 'ResourceQuota, count of pods, full', objects: [quota({ pods: '2' })] },
  {
    name: 'quota-memory',
    title: 'ResourceQuota, memory, room for one more pod of the app alone',
    objects: [quota({ 'requests.memory': '310Mi' })],
    container: { resources: { requests: { memory: '100Mi' } } },
  },
  {
    name: 'baseline',
    title: 'Pod Security `baseline`, by label',
    labels: { 'pod-security.kubernetes.io/enforce': 'baseline' },
  },
  {
    name: 'restricted',
    title: 'Pod Security `restricted`, by label',
    labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
    container: { securityContext: strict },
  },
  { name: 'configured', title: 'Pod Security `baseline`, by the API server’s configuration', byConfiguration: true },
  {
    name: 'capabilities',
    title: 'ValidatingAdmissionPolicy against added capabilities',
    labels: { [policyLabel]: 'capabilities' },
  },
  {
    name: 'registries',
    title: 'ValidatingAdmissionPolicy against foreign registries',
    labels: { [policyLabel]: 'registries' },
  },
  { name: 'autopilot', title: 'the rules of GKE Autopilot, as a policy', labels: { [policyLabel]: 'autopilot' } },
  { name: 'scc', title: 'the rules of OpenShift’s `restricted-v2`, as a policy', labels: { [policyLabel]: 'scc' } },
  {
    name: 'ephemeral',
    title: 'the app has a limit for ephemeral-storage',
    container: { resources: { requests: { 'ephemeral-storage': '40Mi' }, limits: { 'ephemeral-storage': '80Mi' } } },
  },
  { name: 'image', title: 'the agent’s image cannot be pulled', image: absent },
  {
    name: 'image-recreate',
    title: 'the agent’s image cannot be pulled, `strategy: Recreate`',
    recreate: true,
    image: absent,
  },
  {
    name: 'secret',
    title: 'its pull secret is not there',
    spec: { imagePullSecrets: [{ name: 'nonesuch' }] },
    image: unreadable,
  },
  {
    name: 'secret-recreate',
    title: 'its pull secret is not there, `strategy: Recreate`',
    recreate: true,
    spec: { imagePullSecrets: [{ name: 'nonesuch' }] },
    image: unreadable,
  },
  { name: 'network', title: 'NetworkPolicy that denies all traffic', objects: [defaultDeny] },
];

const noCapability =
  "variables.all.all(c, !has(c.securityContext) || !has(c.securityContext.capabilities) || !has(c.securityContext.capabilities.add) || c.securityContext.capabilities.add.all(a, a == 'NET_BIND_SERVICE'))";
const uidInRange =
  'variables.all.all(c, !has(c.securityContext) || !has(c.securityContext.runAsUser) || (c.securityContext.runAsUser >= 1000680000 && c.securityContext.runAsUser < 1000690000))';
const ownRegistry = `variables.all.all(c, c.image.startsWith('${pauseImage.slice(0, pauseImage.lastIndexOf(':'))}'))`;
const scc = 'unable to validate against any security context constraint';

interface Rule {
  readonly expression: string;
  readonly message: string;
}

/** Policies of rows, for the namespaces with their label; objects of the whole cluster. */
export const clusterObjects: readonly Named[] = [
  ...policy('capabilities', [{ expression: noCapability, message: 'no added capabilities' }]),
  ...policy('registries', [{ expression: ownRegistry, message: 'images come from the registry of the company' }]),
  ...policy(
    'autopilot',
    autopilot.map(({ name, expression }) => ({ expression, message: `denied by ${name}` })),
  ),
  ...policy('scc', [
    { expression: uidInRange, message: `${scc}: runAsUser: must be in the ranges: [1000680000, 1000689999]` },
    { expression: noCapability, message: `${scc}: capabilities.add: Invalid value: NET_RAW` },
  ]),
];

function policy(name: string, validations: readonly Rule[]): Named[] {
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
  const matchConstraints = { namespaceSelector: { matchLabels: { [policyLabel]: name } }, resourceRules };
  const metadata = { name: `compatibility-${name}` };
  const shape = { apiVersion: 'admissionregistration.k8s.io/v1', metadata };
  const spec = { failurePolicy: 'Fail', matchConstraints, variables, validations };
  return [
    named({ ...shape, kind: 'ValidatingAdmissionPolicy', spec }),
    named({
      ...shape,
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: metadata.name, validationActions: ['Deny'] },
    }),
  ];
}

/**
 * The Deployment `web` of a row: two pods, and never fewer while it rolls (maxUnavailable is 25 % of two, rounded
 * down).
 */
export function appOf({ spec = {}, container = {}, recreate = false }: Row, namespace: string): object {
  const app = { app: 'web' };
  const strategy = recreate ? { strategy: { type: 'Recreate' } } : {};
  const containers = [{ name: 'app', image: pauseImage, imagePullPolicy: 'Never', ...container }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 2,
      ...strategy,
      selector: { matchLabels: app },
      template: { metadata: { labels: app }, spec: { terminationGracePeriodSeconds: 0, containers, ...spec } },
    },
  };
}
