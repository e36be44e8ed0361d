import { isGuaranteed } from '../inject/index.ts';
import type { Container, PodSpec, PodTemplate, WorkloadObject } from '../kubernetes/api/types.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import { amountAnnotation, mirrorName } from '../sidecar/index.ts';
import { askForPod } from './ask.ts';
import {
  fitSidecar,
  violationsIn,
  withDefaults,
  type Fit,
  type FittedResource,
  type LimitRange,
} from './limitRange.ts';
import { quantityText } from './podAmounts.ts';
import { agentContainers, podOf } from './podManifest.ts';
import type { Refusal } from './podRefusal.ts';
import type { Shortage } from './quota.ts';

/** What would make the sidecar fit. */
export interface Remedy {
  /** What to do, one or two sentences. */
  readonly text: string;
  /**
   * Annotations of the pod template such as `packet-capture/cpu-request`; empty if the refusal is not about resources.
   */
  readonly annotations: Readonly<Record<string, string>>;
  /** Present if the pod is accepted without an added capability. */
  readonly podSecurity?: 'baseline';
  /** Whether the API server accepted the pod with this remedy in a dry run. */
  readonly proven: boolean;
}

/** The refusal of a pod, and what is known about the limits of its namespace. */
export interface RemedyOptions {
  readonly kubectl: Kubectl;
  readonly namespace: string;
  readonly object: WorkloadObject;
  /** The pod with the sidecar, if it is known. */
  readonly carrying: PodTemplate;
  /** Undefined if the user may not read them. */
  readonly limitRanges: readonly LimitRange[] | undefined;
  readonly refusal: Refusal;
  /** The shortage of a quota, if it was calculated. */
  readonly shortage?: Shortage;
  readonly timeoutSeconds?: number | undefined;
  /** Whether all pods of this spec fit into the quotas. */
  readonly holds?: (spec: PodSpec) => boolean;
}

/** Asks for the pod in a dry run. @throws as askForPod */
export async function remedyFor(options: RemedyOptions): Promise<Remedy> {
  const { by } = options.refusal;
  if (agentContainers(options.carrying).length === 0) return words(whatToAsk[by]);
  if (by === 'limit_range') return rangeRemedy(options);
  if (by === 'resource_quota') return quotaRemedy(options);
  return variantRemedy(options);
}

const whatToAsk: Readonly<Record<Refusal['by'], string>> = {
  limit_range: 'Give the containers of the sidecar requests and limits that the LimitRange admits.',
  resource_quota: 'Give the containers of the sidecar requests and limits, and smaller ones, or raise the quota.',
  pod_security: 'Use a namespace whose enforced Pod Security level is privileged or baseline.',
  admission_policy:
    'Ask the owner of that policy for an exception for the container packet-capture, or capture in another namespace.',
  webhook:
    'Ask the owner of that webhook for an exception for the container packet-capture, or capture in another namespace.',
  scc: "Grant the pods' service account an SCC that admits the sidecar.",
  other: 'Change the sidecar so that the API server accepts it.',
};

function words(text: string): Remedy {
  return { text, annotations: {}, proven: false };
}

async function rangeRemedy(options: RemedyOptions): Promise<Remedy> {
  const { limitRanges, carrying } = options;
  if (limitRanges === undefined)
    return words(`${whatToAsk.limit_range} You may not read it: ask for the right to list limitranges.`);
  const spec = withDefaults(carrying.spec ?? {}, limitRanges);
  const storage = violationsIn(spec, limitRanges).find(({ resource }) => resource === 'ephemeral-storage');
  const found = fitSidecar({
    spec,
    containers: agentContainers(carrying),
    ranges: limitRanges,
    equal: mustBeEqual(carrying, limitRanges),
  });
  if ('impossible' in found) {
    return words(
      `No ${found.impossible} of the sidecar satisfies the LimitRange together with the app's requests: change the LimitRange, or the resources of the app.`,
    );
  }
  const proof = await provenBy(options, found.fit);
  if (storage !== undefined && !proof.accepted) {
    return words(
      'Make the files of the sidecar smaller (--file-size, --file-count): its ephemeral-storage follows them; or change the LimitRange.',
    );
  }
  if (Object.keys(proof.annotations).length === 0) return words(whatToAsk.limit_range);
  const holds = options.holds?.(withFit(carrying, found.fit).spec ?? {}) ?? true;
  return {
    text: resourcesText(proof.annotations, proof.rest),
    annotations: proof.annotations,
    proven: proof.accepted && holds,
  };
}

async function quotaRemedy(options: RemedyOptions): Promise<Remedy> {
  const { shortage, carrying, limitRanges = [], holds } = options;
  if (shortage === undefined) return words(whatToAsk.resource_quota);
  const raise = `Raise the quota ${shortage.quota} by at least ${shortage.missing} of ${shortage.resource}`;
  const [part, resource] = splitName(shortage.resource);
  const containers = agentContainers(carrying);
  const share = shortage.leftForSidecar / containers.length;
  if ((resource !== 'cpu' && resource !== 'memory') || share <= 0) return words(`${raise}, or run fewer replicas.`);
  const room = part === 'limits' ? { request: Infinity, limit: share } : { request: share, limit: Infinity };
  const spec = withDefaults(carrying.spec ?? {}, limitRanges);
  const found = fitSidecar({
    spec,
    containers,
    ranges: limitRanges,
    equal: mustBeEqual(carrying, limitRanges),
    atMost: { [resource]: room },
  });
  if ('impossible' in found || Object.keys(found.fit).length === 0) return words(`${raise}, or run fewer replicas.`);
  const proof = await provenBy(options, found.fit);
  const accepted = proof.accepted && holds?.(withFit(carrying, found.fit).spec ?? {}) === true;
  return {
    text: `${resourcesText(proof.annotations, accepted ? '' : proof.rest)} Or: ${raise.replace('Raise', 'raise')}.`,
    annotations: proof.annotations,
    proven: accepted,
  };
}

/** The names of quotas: `limits.memory`, `requests.cpu`, `cpu`. */
function splitName(name: string): readonly [string, string] {
  const dot = name.indexOf('.');
  return dot === -1 ? ['requests', name] : [name.slice(0, dot), name.slice(dot + 1)];
}

interface Proof {
  readonly annotations: Readonly<Record<string, string>>;
  readonly accepted: boolean;
  /** What the API server still refuses. */
  readonly rest: string;
}

async function provenBy(options: RemedyOptions, fit: Fit): Promise<Proof> {
  const { carrying } = options;
  const annotations = annotationsOf(fit);
  if (Object.keys(annotations).length === 0) return { annotations, accepted: false, rest: '' };
  return { annotations, ...(await accepts(options, withFit(carrying, fit))) };
}

/** A quota without room for one more pod is not a refusal of the pod itself. */
async function accepts(
  { kubectl, object, namespace, timeoutSeconds }: RemedyOptions,
  template: PodTemplate,
): Promise<{ readonly accepted: boolean; readonly rest: string }> {
  const answer = await askForPod(kubectl, podOf(object, template), namespace, timeoutSeconds);
  if (answer.kind === 'made' || (answer.kind === 'refused' && answer.refusal.exceedsQuota))
    return { accepted: true, rest: '' };
  return { accepted: false, rest: answer.kind === 'refused' ? answer.refusal.words : answer.noAnswer.why };
}

function annotationsOf(fit: Fit): Record<string, string> {
  return Object.fromEntries(
    entriesOf(fit).flatMap(([resource, { request, limit }]) => [
      [amountAnnotation(`${resource}-request`), quantityText(resource, request)],
      [amountAnnotation(`${resource}-limit`), quantityText(resource, limit)],
    ]),
  );
}

function entriesOf(fit: Fit): [FittedResource, { readonly request: number; readonly limit: number }][] {
  return Object.entries(fit) as [FittedResource, { readonly request: number; readonly limit: number }][];
}

function resourcesText(annotations: Readonly<Record<string, string>>, rest: string): string {
  const list = Object.entries(annotations).map(([key, value]) => `${key}=${value}`);
  const what = `Give the sidecar resources that fit, as annotations of the pod template or by the flags of the same names: ${list.join(', ')}.`;
  return rest === '' ? what : `${what} With these the API server still reports: ${rest}`;
}

/** Whether requests must equal limits: otherwise a Guaranteed pod would lose that class. */
function mustBeEqual(template: PodTemplate, ranges: readonly LimitRange[]): boolean {
  return isGuaranteed(withDefaults(withoutAgent(template).spec ?? {}, ranges));
}

function withFit(template: PodTemplate, fit: Fit): PodTemplate {
  return changeAgent(template, (container) => {
    const { requests = {}, limits = {} } = container.resources ?? {};
    const entries = entriesOf(fit);
    const part = (name: 'request' | 'limit'): Record<string, string> =>
      Object.fromEntries(entries.map(([resource, pair]) => [resource, quantityText(resource, pair[name])]));
    return {
      ...container,
      resources: { requests: { ...requests, ...part('request') }, limits: { ...limits, ...part('limit') } },
    };
  });
}

function changeAgent(template: PodTemplate, change: (container: Container) => Container): PodTemplate {
  const ours = agentContainers(template);
  const initContainers = template.spec?.initContainers?.map((one) => (ours.includes(one.name) ? change(one) : one));
  return { ...template, spec: { ...template.spec, ...(initContainers === undefined ? {} : { initContainers }) } };
}

function withoutAgent(template: PodTemplate): PodTemplate {
  const ours = agentContainers(template);
  const initContainers = (template.spec?.initContainers ?? []).filter(({ name }) => !ours.includes(name));
  return { ...template, spec: { ...template.spec, initContainers } };
}

interface Variant {
  readonly of: (template: PodTemplate) => PodTemplate;
  readonly text: string;
  readonly podSecurity?: 'baseline';
  /** Undefined means for every refuser. */
  readonly notFor?: readonly Refusal['by'][];
}

const baselineText =
  'the Pod Security profile "baseline" is accepted, which adds no capability: set it (--pod-security baseline, or the chart\'s value injection.podSecurity: baseline); captures work where the container runtime grants NET_RAW by default, as containerd does';
const userText =
  'the sidecar is accepted without a uid and gid of its own: set agent.securityContext: {runAsUser: null, runAsGroup: null} in the values or sidecarconfig.yaml';

/** Each is tried in a dry run, to find the part of the sidecar that was refused. */
const variants: readonly Variant[] = [
  { of: withoutCapabilities, text: baselineText, podSecurity: 'baseline' },
  { of: withoutUser, text: userText, notFor: ['pod_security'] },
  {
    of: (template) => withoutUser(withoutCapabilities(template)),
    text: `${userText}; and ${baselineText}`,
    podSecurity: 'baseline',
    notFor: ['pod_security'],
  },
  {
    of: withImageOfApp,
    text: "the sidecar's image is refused: use an image from an allowed registry (--image, or the chart's values agent.image)",
    notFor: ['pod_security', 'scc'],
  },
];

async function variantRemedy(options: RemedyOptions): Promise<Remedy> {
  const { by, uncalled } = options.refusal;
  if (uncalled) return words('Start the injectors again, or set webhook.failurePolicy to Ignore.');
  for (const { of, text, podSecurity, notFor } of variants) {
    if (notFor?.includes(by) === true) continue;
    const { accepted } = await accepts(options, of(options.carrying));
    if (accepted)
      return {
        text: `${text.charAt(0).toUpperCase()}${text.slice(1)}.`,
        annotations: {},
        ...(podSecurity === undefined ? {} : { podSecurity }),
        proven: true,
      };
  }
  return words(whatToAsk[by]);
}

function withoutCapabilities(template: PodTemplate): PodTemplate {
  const changed = changeAgent(template, (container) => withoutSecurity(container, ['capabilities']));
  const initContainers = changed.spec?.initContainers?.filter(({ name }) => name !== mirrorName);
  return { ...changed, spec: { ...changed.spec, ...(initContainers === undefined ? {} : { initContainers }) } };
}

function withoutUser(template: PodTemplate): PodTemplate {
  return changeAgent(template, (container) => withoutSecurity(container, ['runAsUser', 'runAsGroup']));
}

function withoutSecurity(container: Container, keys: readonly string[]): Container {
  const context = (container['securityContext'] ?? {}) as Readonly<Record<string, unknown>>;
  return {
    ...container,
    securityContext: Object.fromEntries(Object.entries(context).filter(([key]) => !keys.includes(key))),
  };
}

function withImageOfApp(template: PodTemplate): PodTemplate {
  const image = template.spec?.containers?.[0]?.image;
  return image === undefined ? template : changeAgent(template, (container) => ({ ...container, image }));
}
