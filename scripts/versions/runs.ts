import { minimums } from '../../src/minimums.ts';
import { type NodeVersions, newestKubernetes } from '../cluster/versions.ts';

const oldest = minimums.matchConditions;
/** The first with way 4. */
const withPolicy = minimums.mutatingAdmissionPolicy;

/**
 * The versions that `npm run test:versions` runs on, oldest first: the oldest that the chart allows with the containerd
 * of its time, one of the middle, the first with way 4, and the newest.
 */
export const testedVersions: readonly NodeVersions[] = [
  { kubernetes: oldest, containerd: '1.7' },
  { kubernetes: 34, containerd: '2' },
  { kubernetes: withPolicy, containerd: '2' },
  { kubernetes: newestKubernetes.minor, containerd: '2' },
];

/** A row of the table: what is tried, and the files of its tests. */
export interface Row {
  readonly title: string;
  readonly files: readonly string[];
  /** The first minor version that has it, and what is tested on older ones. */
  readonly since?: { readonly minor: number; readonly otherwise: readonly string[]; readonly says: string };
  /** The last minor version that has it; on newer ones nothing is run. */
  readonly until?: { readonly minor: number; readonly says: string };
  /** What passed tests show; `works` unless told. */
  readonly says?: string;
  /** It restarts parts of the node, or others would see its release: after all others, alone. */
  readonly alone?: boolean;
}

const cluster = (...names: readonly string[]): string[] => names.map((name) => `test/cluster/${name}.test.ts`);

export const rows: readonly Row[] = [
  { title: 'the demo', files: ['test/versions/demo.test.ts'], alone: true },
  { title: 'way 1, manifest', files: cluster('capture') },
  { title: 'way 2, patch', files: cluster('patch', 'patchRefusal') },
  { title: 'way 3, webhook', files: cluster('install', 'targets') },
  {
    title: 'way 4, policy',
    files: cluster('policy', 'releasePolicy'),
    since: { minor: withPolicy, otherwise: ['test/versions/withoutPolicy.test.ts'], says: 'refused, with the reason' },
  },
  { title: 'attach', files: cluster('attach') },
  { title: 'start, stop, status, download', files: cluster('running') },
  { title: 'stream', files: cluster('stream') },
  { title: 'check', files: cluster('check') },
  {
    title: 'why',
    files: cluster('why'),
    // Its release is a policy.
    since: {
      minor: withPolicy,
      otherwise: cluster('running', 'attach'),
      says: 'works where running captures and attach ask it',
    },
  },
  { title: 'every object of the chart, strictly; its pods with `restricted`', files: cluster('chart') },
  { title: 'upgrade and rollback, helm 4 and 3', files: cluster('releaseLifecycle') },
  { title: 'rotation of the certificates', files: cluster('releaseRotation') },
  { title: 'uninstall', files: cluster('uninstall') },
  {
    title: 'an API server without native sidecars, as Kubernetes 1.28',
    files: ['test/versions/withoutNativeSidecars.test.ts'],
    until: { minor: 32, says: 'cannot be switched off' },
    says: 'patch and why say so, attach works',
    alone: true,
  },
  { title: 'kubectl one minor version older and newer', files: ['test/versions/kubectl.test.ts'] },
];

/** The files of a row's tests on a version. */
export function filesOf({ files, since, until }: Row, minor: number): readonly string[] {
  if (until !== undefined && minor > until.minor) return [];
  return since !== undefined && minor < since.minor ? since.otherwise : files;
}
