import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { readVersions } from '../../kubernetes/readVersions.ts';
import { askRights, groupRights, type Right } from '../../kubernetes/rights.ts';
import { minimums } from '../../minimums.ts';
import { finding, type Finding } from './checkFindings.ts';

interface Asked extends Right {
  readonly way: 'patch' | 'webhook' | 'policy';
}

/** Whether each way works with the cluster and the user's rights. @throws as Kubectl */
export async function readCompatibility(
  kubectl: Kubectl,
  namespace: string | undefined,
  policyApi: boolean,
): Promise<Finding[]> {
  const asked = rights(namespace, policyApi);
  const [versions, refused] = await Promise.all([readVersions(kubectl), askRights(kubectl, asked)]);
  return judgeCompatibility({ ...versions, policyApi, refused });
}

function rights(namespace: string | undefined, policyApi: boolean): Asked[] {
  const admission = 'admissionregistration.k8s.io';
  const clusterWide = (way: Asked['way'], resource: string): Asked => ({
    way,
    verb: 'create',
    group: admission,
    resource,
    namespace: '',
  });
  return [
    ...['deployments', 'statefulsets', 'daemonsets'].map((resource): Asked => ({
      way: 'patch',
      verb: 'patch',
      group: 'apps',
      resource,
      namespace: namespace ?? '',
    })),
    clusterWide('webhook', 'mutatingwebhookconfigurations'),
    ...(policyApi
      ? [clusterWide('policy', 'mutatingadmissionpolicies'), clusterWide('policy', 'mutatingadmissionpolicybindings')]
      : []),
  ];
}

interface CompatibilityFacts {
  /** `1.37.2` */
  readonly kubernetes: string;
  readonly minor: number;
  readonly policyApi: boolean;
  /** Undefined when the cluster does not answer. */
  readonly refused: readonly Asked[] | undefined;
}

/** Pure. */
export function judgeCompatibility({ kubernetes, minor, policyApi, refused }: CompatibilityFacts): Finding[] {
  const where = 'the cluster';
  const version = `it is Kubernetes ${kubernetes}`;
  if (minor < minimums.nativeSidecars) return [finding('kubernetes_too_old', where, version)];
  const missing = (way: Asked['way']): string | undefined => {
    const group = groupRights((refused ?? []).filter((right) => right.way === way));
    return group.length === 0 ? undefined : group.map(({ what }) => what).join('; ');
  };
  const [patch, webhook, policy] = [missing('patch'), missing('webhook'), missing('policy')];
  return [
    finding('kubernetes_version', where, version),
    ...(refused === undefined ? [finding('rights_unknown', where, 'your rights cannot be read')] : []),
    finding('manifest_available', 'way 1, manifest', 'works offline, on every manifest'),
    patch === undefined
      ? finding('patch_available', 'way 2, patch', 'you may patch workloads')
      : finding('patch_rights', 'way 2, patch', patch),
    webhookFinding(minor, webhook),
    policyFinding(policyApi, policy),
  ];
}

function webhookFinding(minor: number, missing: string | undefined): Finding {
  const where = 'way 3, webhook';
  if (minor < minimums.matchConditions)
    return finding('webhook_version', where, 'its match conditions are not stable yet');
  return missing === undefined
    ? finding('webhook_available', where, 'you may install it')
    : finding('webhook_rights', where, missing);
}

function policyFinding(policyApi: boolean, missing: string | undefined): Finding {
  const where = 'way 4, policy';
  if (!policyApi)
    return finding('policy_missing', where, 'there is no admissionregistration.k8s.io/v1 MutatingAdmissionPolicy');
  return missing === undefined
    ? finding('policy_available', where, 'you may install it')
    : finding('policy_rights', where, missing);
}
