import type { Container, PodTemplate, Volume } from '../../../../src/kubernetes/api/types.ts';

export interface StoredPod extends PodTemplate {
  readonly status: { readonly qosClass?: string };
}

/** Of this test, and of controllers. */
const foreignLabel = /^(truth\/|batch\.kubernetes\.io\/|pod-template-hash$|controller-uid$|job-name$)/;

/**
 * What of a stored pod must be the same in every way. Not its name and what the test itself labelled. The order of the
 * volumes says nothing: they are a map by name to the API server, whose own, with the token and a random name, comes in
 * before an admission webhook and behind what was in the manifest.
 */
export function comparable({ metadata, spec }: PodTemplate): object {
  const labels = Object.fromEntries(Object.entries(metadata?.labels ?? {}).filter(([key]) => !foreignLabel.test(key)));
  const { volumes, ...rest } = JSON.parse(
    JSON.stringify(spec).replaceAll(/"kube-api-access-[a-z0-9]{5}"/g, '"kube-api-access"'),
  ) as {
    readonly volumes?: readonly Volume[];
    readonly nodeName?: string;
  };
  const byName = (a: Volume, b: Volume): number => (a.name < b.name ? -1 : 1);
  return {
    labels,
    annotations: metadata?.annotations ?? {},
    spec: { ...rest, volumes: (volumes ?? []).toSorted(byName) },
  };
}

const safeToEvict = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';

/** The pod as it was before: without what a sidecar consists of. */
export function withoutSidecar(pod: PodTemplate): PodTemplate {
  const { metadata, spec } = pod;
  const { 'packet-capture/status': status = '{}', [safeToEvict]: listed, ...others } = metadata?.annotations ?? {};
  const { extended = [] } = JSON.parse(status) as { readonly extended?: readonly string[] };
  const annotations = extended.includes(safeToEvict)
    ? { ...others, [safeToEvict]: listed?.replace(/^packet-capture-files,packet-capture-no-token,?/, '') ?? '' }
    : others;
  const initContainers = (spec?.initContainers ?? []).filter(({ name }) => !/^packet-capture(?:-mirror)?$/.test(name));
  const volumes = (spec?.volumes ?? []).filter(
    ({ name }) => !/^packet-capture-(files|settings|no-token|upload)$/.test(name),
  );
  const { initContainers: _inits, ...rest } = spec ?? {};
  return {
    metadata: { ...metadata, annotations },
    spec: { ...rest, ...(initContainers.length === 0 ? {} : { initContainers }), volumes },
  };
}

export function sidecarOf({ spec }: PodTemplate): Container | undefined {
  return spec?.initContainers?.find(({ name }) => name === 'packet-capture');
}
