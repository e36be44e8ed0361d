import { isCodedError } from '../../errors.ts';
import type {
  ConfigMap,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  WebhookConfiguration,
} from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { readSome, unlessForbidden } from '../../kubernetes/reading.ts';
import { isOurs, policyReleases, type PolicyObjects } from './policyReleases.ts';
import { webhookReleases, type Release } from './releases.ts';

/** What is registered with the API server; `releases` is undefined when it may not be read. */
export interface Registrations {
  readonly releases: readonly Release[] | undefined;
  /** Whether the API server knows MutatingAdmissionPolicy v1. */
  readonly policyApi: boolean;
}

const webhooks = 'mutatingwebhookconfigurations';
const policies = ['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings'].map(
  (name) => `${name}.v1.admissionregistration.k8s.io`,
);

type Registered =
  | ({ readonly kind: 'MutatingWebhookConfiguration' } & WebhookConfiguration)
  | ({ readonly kind: 'MutatingAdmissionPolicy' } & MutatingAdmissionPolicy)
  | ({ readonly kind: 'MutatingAdmissionPolicyBinding' } & MutatingAdmissionPolicyBinding);

/** @throws as Kubectl */
export async function readRegistrations(kubectl: Kubectl): Promise<Registrations> {
  const all = await unlessUnknown(async () => readTypes(kubectl, [webhooks, ...policies]));
  const objects = all === 'unknown' ? await readTypes(kubectl, [webhooks]) : all;
  const policyApi = all !== 'unknown';
  return { releases: objects && (await releasesOf(kubectl, objects)), policyApi };
}

async function readTypes(kubectl: Kubectl, types: readonly string[]): Promise<Registered[] | undefined> {
  return unlessForbidden(async () => readSome<Registered>(kubectl, ['get', types.join(',')]));
}

/** Older API servers do not have the policies. */
async function unlessUnknown<T>(ask: () => Promise<T>): Promise<T | 'unknown'> {
  try {
    return await ask();
  } catch (error) {
    if (isCodedError(error) && error.code === 'NOT_FOUND') return 'unknown';
    throw error;
  }
}

async function releasesOf(kubectl: Kubectl, objects: readonly Registered[]): Promise<Release[]> {
  const configurations = objects.flatMap((object) => (object.kind === 'MutatingWebhookConfiguration' ? [object] : []));
  const own = objects.flatMap((object) =>
    object.kind === 'MutatingAdmissionPolicy' && isOurs(object) ? [object] : [],
  );
  const names = new Set(own.map(({ metadata }) => metadata.name));
  const bindings = objects.flatMap((object) =>
    object.kind === 'MutatingAdmissionPolicyBinding' && names.has(object.spec?.policyName ?? '') ? [object] : [],
  );
  const read = await readParameters(kubectl, bindings);
  return [...webhookReleases(configurations), ...policyReleases({ policies: own, bindings, ...read })];
}

async function readParameters(
  kubectl: Kubectl,
  bindings: readonly MutatingAdmissionPolicyBinding[],
): Promise<Pick<PolicyObjects, 'parameters' | 'unreadable'>> {
  const references = bindings.flatMap(({ spec }) => spec?.paramRef ?? []);
  const groups = Map.groupBy(references, ({ namespace = '' }) => namespace);
  const maps = [...groups].map(async ([namespace, group]) => {
    const names = group.map(({ name = '' }) => name);
    const found = await unlessForbidden(async () =>
      readSome<ConfigMap>(kubectl, ['get', 'configmaps', ...names, '--namespace', namespace]),
    );
    return { namespace, found };
  });
  const places = await Promise.all(maps);
  return {
    parameters: places.flatMap(({ found }) => found ?? []),
    unreadable: places.flatMap(({ namespace, found }) => (found === undefined ? [namespace] : [])),
  };
}
