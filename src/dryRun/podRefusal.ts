import { refusalCode } from '../refusal.ts';

/**
 * Who may refuse a pod at admission. `other`: the API server's validation, an admission plugin without a row below, or
 * a namespace that is being deleted.
 */
export type Refuser =
  | 'limit_range'
  | 'resource_quota'
  | 'pod_security'
  | 'admission_policy'
  | 'webhook'
  | 'scc'
  | 'other';

/** The API server's refusal of one pod. */
export interface Refusal {
  readonly by: Refuser;
  /**
   * The names of the LimitRange, quota, policy or webhook, if they are known; the message does not name a LimitRange.
   */
  readonly names: readonly string[];
  /** The API server's message, without kubectl's prefix. */
  readonly words: string;
  /** A quota is exceeded now. Pods that are replaced free their part of it. */
  readonly exceedsQuota: boolean;
  /** A webhook could not be called, so it did not judge the pod. */
  readonly uncalled: boolean;
}

/** Why the API server did not judge a pod. */
export interface NoAnswer {
  /** A clause. */
  readonly why: string;
  /** The missing right: `create pods in namespace shop`. */
  readonly right?: string;
}

interface Row {
  readonly by: Refuser;
  readonly pattern: RegExp;
  readonly exceedsQuota?: true;
  readonly uncalled?: true;
}

/**
 * The first matching row wins, because policies and webhooks quote others. The sources of the texts, in
 * kubernetes/kubernetes (the same in 1.31 and 1.37 unless a row says otherwise):
 * - policies: staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/dispatcher.go
 * - webhooks: apiserver/pkg/admission/plugin/webhook/errors/statuserror.go, apiserver/pkg/util/webhook/error.go
 * - quotas: apiserver/pkg/admission/plugin/resourcequota/controller.go
 * - limit ranges: plugin/pkg/admission/limitranger/admission.go
 * - SCC: openshift/apiserver-library-go, pkg/securitycontextconstraints/sccadmission/admission.go
 */
const rows: readonly Row[] = [
  { by: 'admission_policy', pattern: /ValidatingAdmissionPolicy '([^']*)'(?: with binding '[^']*')? denied request/ },
  { by: 'webhook', pattern: /failed calling webhook "([^"]*)"/, uncalled: true },
  { by: 'webhook', pattern: /admission webhook "([^"]*)" denied the request/ },
  { by: 'scc', pattern: /unable to validate against any security context constraint/ },
  { by: 'resource_quota', pattern: /exceeded quota: ([^\s,]+), requested:/, exceedsQuota: true },
  { by: 'resource_quota', pattern: /failed quota: ([^\s:]+): / },
  { by: 'resource_quota', pattern: /insufficient quota to (?:consume|match these scopes)/ },
  { by: 'limit_range', pattern: /(?:minimum|maximum) \S+ usage per (?:Container|Pod) is / },
  { by: 'limit_range', pattern: /max limit to request ratio per (?:Container|Pod) is / },
];

/** Reads the refusal of a pod from the API server's message. @param text standard error of kubectl */
export function refusalOf(text: string): Refusal {
  const words = wordsOf(text);
  const found = rows.map((row) => ({ row, match: row.pattern.exec(words) })).find(({ match }) => match !== null);
  const name = found?.match?.[1];
  const otherwise = refusalCode(text) === 'POD_SECURITY' ? 'pod_security' : 'other';
  return {
    by: found?.row.by ?? otherwise,
    names: name === undefined ? [] : [name],
    words,
    exceedsQuota: found?.row.exceedsQuota === true,
    uncalled: found?.row.uncalled === true,
  };
}

/**
 * Reads why the API server did not judge a pod; undefined when it did.
 * @see NewDryRunUnsupportedErr in apiserver/pkg/admission/plugin/webhook/errors/statuserror.go
 */
export function noAnswerIn(text: string): NoAnswer | undefined {
  const words = wordsOf(text);
  if (refusalCode(text) === 'FORBIDDEN') return missingRight(words);
  const noDryRun = /admission webhook "([^"]*)" does not support dry run/.exec(words);
  if (noDryRun !== null) return { why: `the admission webhook "${noDryRun[1] ?? ''}" does not support dry run` };
  if (/failed calling webhook "/.test(words)) return undefined;
  if (/status unknown for quota|resource quota evaluation timed out/.test(words)) return { why: words };
  if (/Client\.Timeout|context deadline exceeded|\(Timeout\)|\(TooManyRequests\)|\(ServiceUnavailable\)/.test(text)) {
    return { why: `there was no answer in time: ${words}` };
  }
  return /Internal error occurred/.test(words) ? { why: words } : undefined;
}

function missingRight(words: string): NoAnswer {
  const denied = /cannot (\S+) resource "([^"]+)".*?(?:in the namespace "([^"]+)"|at the cluster scope)/.exec(words);
  if (denied === null) return { why: words };
  const [, verb = '', resource = '', namespace] = denied;
  const right = `${verb} ${resource} in ${namespace === undefined ? 'the cluster' : `namespace ${namespace}`}`;
  return { why: `you may not ${right}`, right };
}

/**
 * The API server's own message, of `Error from server (Forbidden): error when creating "STDIN": pods "web-" is
 * forbidden: …`
 * @see k8s.io/kubectl pkg/cmd/util/helpers.go, k8s.io/cli-runtime pkg/resource
 */
function wordsOf(text: string): string {
  return text
    .trim()
    .replace(/^Error from server(?: \([A-Za-z]+\))?: /, '')
    .replace(/^error when creating "[^"]*": /, '')
    .replace(/^pods "[^"]*" is forbidden: /, '')
    .replace(/^The (?:Pod|pods) "[^"]*" is invalid: (?:: )?/, '');
}
