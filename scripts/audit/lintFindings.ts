/** A finding of kube-score that is not mended, and why. */
export interface LintFinding {
  /** The check's id. */
  readonly check: string;
  /** The kinds of objects where it is found. */
  readonly kinds: readonly string[];
  /** What kube-score says. */
  readonly says: string;
  readonly why: string;
  /** The values that cause it; it is not found without them. */
  readonly values?: string;
}

const pods = ['Deployment', 'Job', 'Pod'] as const;
const written =
  'it writes nothing but its log: no file system of it can be written. A limit would evict it for the log, which the kubelet bounds';
const chosen = 'nobody gets it without asking for it';

/**
 * Every finding of kube-score in what the chart renders. `test/chart/auditTools.test.ts` fails with a finding that is
 * not here, and with a row that is found no more.
 */
export const lintFindings: readonly LintFinding[] = [
  {
    check: 'container-image-pull-policy',
    kinds: pods,
    says: 'ImagePullPolicy is not set to Always',
    why: 'an injector must start again while the registry is down; `image.digest` pins what starts, and `image.pullPolicy: Always` is a value',
  },
  {
    check: 'container-ephemeral-storage-request-and-limit',
    kinds: pods,
    says: 'Ephemeral Storage limit is not set',
    why: written,
  },
  {
    check: 'container-ephemeral-storage-request-and-limit',
    kinds: pods,
    says: 'Ephemeral Storage request is not set',
    why: 'the same; `resources` and `hooks.resources` take one where a quota demands it',
  },
  {
    check: 'deployment-has-host-podantiaffinity',
    kinds: ['Deployment'],
    says: 'Deployment does not have a host podAntiAffinity set',
    why: '`topologySpreadConstraints` spread the pods over nodes and zones; `affinity` is a value',
  },
  {
    check: 'deployment-strategy',
    kinds: ['Deployment'],
    says: 'Deployment update strategy',
    why: chosen,
    values: 'strategy.type: Recreate',
  },
  ...['CPU limit', 'CPU request', 'Memory limit', 'Memory request'].map((what) => ({
    check: 'container-resources',
    kinds: ['Deployment'],
    says: `${what} is not set`,
    why: chosen,
    values: 'resources: null',
  })),
  {
    check: 'deployment-replicas',
    kinds: ['Deployment'],
    says: 'Deployment few replicas',
    why: chosen,
    values: 'replicas: 1',
  },
  {
    check: 'pod-networkpolicy',
    kinds: ['Deployment', 'Pod'],
    says: 'The pod does not have a matching NetworkPolicy',
    why: chosen,
    values: 'networkPolicy.enabled: false',
  },
];
