import { isCodedError } from '../errors.ts';
import { readSome, unlessForbidden } from '../cluster/reading.ts';
import type { Kubectl } from '../cluster/index.ts';
import type { ConfigMap, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, WebhookConfiguration } from './kubernetes.ts';
import { isOurs, policyReleases } from './policyReleases.ts';
import { webhookReleases, type Release } from './releases.ts';

/** What is registered with the API server; releases is undefined when it may not be read. */
export interface Registrations {
  readonly releases: readonly Release[] | undefined;
  /** Whether the API server knows MutatingAdmissionPolicy v1. */
  readonly policyApi: boolean;
}

/** @throws as Kubectl */
export async function readRegistrations(kubectl: Kubectl): Promise<Registrations> {
  const [policyApi, configurations] = await Promise.all([
    hasPolicies(kubectl),
    unlessForbidden(async () => readSome<WebhookConfiguration>(kubectl, ['get', 'mutatingwebhookconfigurations'])),
  ]);
  const policies = policyApi ? await readPolicies(kubectl) : [];
  if (configurations === undefined || policies === undefined) return { releases: undefined, policyApi };
  return { releases: [...webhookReleases(configurations), ...policies], policyApi };
}

async function readPolicies(kubectl: Kubectl): Promise<Release[] | undefined> {
  const policies = await unlessForbidden(async () => readSome<MutatingAdmissionPolicy>(kubectl, ['get', 'mutatingadmissionpolicies']));
  if (policies?.some(isOurs) !== true) return policies && [];
  const bindings = await unlessForbidden(async () => readSome<MutatingAdmissionPolicyBinding>(kubectl, ['get', 'mutatingadmissionpolicybindings']));
  if (bindings === undefined) return undefined;
  const names = new Set(policies.filter(isOurs).map(({ metadata }) => metadata.name));
  const own = bindings.filter(({ spec }) => names.has(spec?.policyName ?? ''));
  return policyReleases({ policies, bindings: own, parameters: await readParameters(kubectl, own) });
}

async function readParameters(kubectl: Kubectl, bindings: readonly MutatingAdmissionPolicyBinding[]): Promise<ConfigMap[]> {
  const references = bindings.flatMap(({ spec }) => spec?.paramRef ?? []);
  const places = Map.groupBy(references, ({ namespace = '' }) => namespace);
  const maps = [...places].map(async ([namespace, group]) =>
    (await unlessForbidden(async () => readSome<ConfigMap>(kubectl, ['get', 'configmaps', ...group.map(({ name = '' }) => name), '--namespace', namespace]))) ?? []);
  return (await Promise.all(maps)).flat();
}

async function hasPolicies(kubectl: Kubectl): Promise<boolean> {
  try {
    const { stdout } = await kubectl(['get', '--raw', '/apis/admissionregistration.k8s.io/v1']);
    const { resources = [] } = JSON.parse(stdout) as { readonly resources?: readonly { readonly name: string }[] };
    return resources.some(({ name }) => name === 'mutatingadmissionpolicies');
  } catch (error) {
    // Discovery is open to everybody who is known, unless a cluster took it away.
    if (!isCodedError(error) || error.code !== 'KUBECTL_FAILED') throw error;
    return false;
  }
}
