import { readFile } from 'node:fs/promises';
import jsonPatch from 'fast-json-patch';
import { codedError } from '../../../src/errors.ts';
import type { Pod } from '../../../src/kubernetes/api/types.ts';
import type { Kubectl } from '../../../src/kubernetes/kubectl.ts';

/** A cluster whose API server keeps pods as the real one does: versions, tests of a patch, Pod Security. */
export interface AttachWorld {
  readonly kubectl: Kubectl;
  /** The arguments of every call, in order. */
  readonly calls: string[];
  readonly pods: Map<string, Pod>;
  /** What was handed over by standard input, parsed. */
  readonly inputs: unknown[];
}

export interface WorldOptions {
  /** What the namespace enforces. */
  readonly enforced?: 'privileged' | 'baseline' | 'restricted';
  /** Its labels may be read, and say so. */
  readonly labelled?: boolean;
  /** `patch pods/ephemeralcontainers`: rights that the user does not have. */
  readonly missing?: readonly string[];
  /** The state of a container as soon as it is added. */
  readonly starts?: object;
  /** What `kubectl get --raw` answers for paths that begin so; all other paths but those of pods are not served. */
  readonly served?: Readonly<Record<string, object>>;
  /** Something else changes a pod before each of the first so many patches. */
  readonly disturbances?: number;
  /** kubectl before 1.32, which patches no ephemeral containers. */
  readonly oldKubectl?: boolean;
}

interface Reviews {
  readonly items: readonly {
    readonly spec: {
      readonly resourceAttributes: { readonly verb: string; readonly resource: string; readonly subresource?: string };
    };
  }[];
}

export function attachPod(name: string, more: { readonly spec?: object; readonly status?: object } = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: '1' },
    spec: { containers: [{ name: 'app' }], ...more.spec },
    status: { phase: 'Running', ...more.status },
  } as unknown as Pod;
}

export function attachWorld(pods: readonly Pod[], options: WorldOptions = {}): AttachWorld {
  const { enforced = 'privileged', labelled = true, missing = [], starts = { running: {} } } = options;
  const world = new Map(pods.map((pod) => [pod.metadata.name, pod]));
  const [calls, inputs]: [string[], unknown[]] = [[], []];
  let disturbances = options.disturbances ?? 0;
  const changed = (pod: Pod, change: object): Pod => ({
    ...pod,
    ...change,
    metadata: { ...pod.metadata, resourceVersion: String(Number(pod.metadata.resourceVersion) + 1) },
  });
  const create = (input: string): string => {
    const value = JSON.parse(input) as { readonly kind: string } & Partial<Reviews>;
    inputs.push(value);
    if (value.kind === 'SelfSubjectReview') return JSON.stringify({ status: { userInfo: { username: 'ann' } } });
    const allowed = (value.items ?? []).flatMap(({ spec }) => {
      const { verb, resource, subresource } = spec?.resourceAttributes ?? {};
      return [!missing.includes(`${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`)];
    });
    return allowed.join('\n');
  };
  const patch = async (name: string, args: readonly string[]): Promise<string> => {
    if (options.oldKubectl === true) {
      const words = 'invalid subresource value: "ephemeralcontainers". Must be one of [status scale]';
      throw codedError('KUBECTL_FAILED', `error: ${words}`);
    }
    const file = args.find((arg) => arg.startsWith('--patch-file='))?.slice('--patch-file='.length) ?? '';
    const operations = JSON.parse(await readFile(file, 'utf8')) as jsonPatch.Operation[];
    let pod = world.get(name);
    if (pod !== undefined && disturbances > 0) {
      disturbances -= 1;
      pod = changed(pod, {});
      world.set(name, pod);
    }
    if (pod === undefined) throw codedError('NOT_FOUND', 'not found');
    let after: Pod;
    try {
      after = jsonPatch.applyPatch(pod, operations, true, false).newDocument;
    } catch {
      throw codedError('CONFLICT', 'the server rejected our request due to an error in our request');
    }
    return store(name, after, args.includes('--dry-run=server'));
  };
  /** The API server takes the ephemeral containers alone, if the version is that of the pod. */
  const replace = async (path: string, file: string): Promise<string> => {
    const [, name = ''] = /^--raw=\/api\/v1\/namespaces\/shop\/pods\/([\w-]+)\/ephemeralcontainers\?/.exec(path) ?? [];
    const { metadata, spec } = JSON.parse(await readFile(file, 'utf8')) as Pod;
    const pod = world.get(name);
    if (pod === undefined) throw codedError('NOT_FOUND', 'not found');
    if (missing.includes('update pods/ephemeralcontainers')) throw codedError('FORBIDDEN', 'forbidden');
    if (metadata.uid !== pod.metadata.uid || metadata.resourceVersion !== pod.metadata.resourceVersion)
      throw codedError('CONFLICT', 'the object has been modified');
    const after = { ...pod, spec: { ...pod.spec, ephemeralContainers: spec?.['ephemeralContainers'] } };
    return store(name, after, path.includes('dryRun=All'));
  };
  const store = (name: string, after: Pod, dryRun: boolean): string => {
    const asksForRaw = JSON.stringify(after.spec?.['ephemeralContainers']).includes('NET_RAW');
    if (enforced === 'restricted' || (enforced === 'baseline' && asksForRaw))
      throw codedError('POD_SECURITY', `violates PodSecurity "${enforced}:latest"`);
    const list = (after.spec?.['ephemeralContainers'] ?? []) as readonly { readonly name: string }[];
    const statuses = list.map((container) => ({ name: container.name, state: starts }));
    const seen = changed(after, { status: { ...after.status, ephemeralContainerStatuses: statuses } });
    if (!dryRun) world.set(name, seen);
    return JSON.stringify(seen);
  };
  const namespaces = (): string => {
    if (!labelled) throw codedError('FORBIDDEN', 'no');
    const labels = { 'pod-security.kubernetes.io/enforce': enforced };
    return JSON.stringify({ kind: 'Namespace', metadata: { name: 'shop', labels } });
  };
  const raw = (path: string): string => {
    if (path.startsWith('/api/v1/namespaces/'))
      return JSON.stringify({ kind: 'List', metadata: {}, items: [...world.values()] });
    const [, answer] = Object.entries(options.served ?? {}).find(([start]) => path.startsWith(start)) ?? [];
    if (answer === undefined) throw codedError('NOT_FOUND', 'the server could not find the requested resource');
    return JSON.stringify(answer);
  };
  const kubectl: Kubectl = async (args, call) => {
    calls.push(args.join(' '));
    const out = async (): Promise<string> => {
      const [verb, what = ''] = args;
      if (verb === 'create') return create(call?.input ?? '');
      if (verb === 'version') return JSON.stringify({ clientVersion: { minor: options.oldKubectl ? '31' : '37' } });
      if (verb === 'patch') return patch(what.replace('pod/', ''), args);
      if (verb === 'replace') return replace(what, args[3] ?? '');
      if (what === 'namespaces') return namespaces();
      if (what === '--raw') return raw(args[2] ?? '');
      const pod = world.get(what.replace('pod/', ''));
      if (pod === undefined) throw codedError('NOT_FOUND', 'not found');
      return JSON.stringify(pod);
    };
    return { stdout: await out(), stderr: '' };
  };
  return { kubectl, calls, pods: world, inputs };
}
