import { isCodedError } from '../errors.ts';
import { readSome, unlessForbidden } from '../cluster/reading.ts';
import type { Kubectl } from '../cluster/index.ts';
import type { WebhookConfiguration } from './kubernetes.ts';
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
  if (configurations === undefined) return { releases: undefined, policyApi };
  return { releases: webhookReleases(configurations), policyApi };
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
