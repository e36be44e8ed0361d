import { codedError, isCodedError } from '../../errors.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import type { ApiCall, ApiClient } from './apiClient.ts';

/**
 * A Kubectl for the dry run of pods and the trial of an image that uses the API client, because the hooks' image has no
 * kubectl and the rules must be the same (src/dryRun).
 * @param signal after it is aborted there are no new calls; running calls are waited for
 * @returns takes `create [--dry-run=server] --namespace NS -f -` of a pod, `get|delete pod NAME --namespace NS`,
 * `get TYPE --namespace NS` of what limits pods, and `get --raw PATH` of a page of pods; throws INTERNAL for anything
 * else
 */
export function apiKubectl(api: ApiClient, signal?: AbortSignal): Kubectl {
  return async (args, { input = '' } = {}) => {
    const call = callOf(args, input);
    if (signal?.aborted === true) throw codedError('INTERRUPTED', `cannot ${call.what}: the hook is being ended`);
    try {
      const { body, warnings } = await api(call);
      return {
        stdout: JSON.stringify(body),
        stderr: warnings.map((header) => `Warning: ${textOf(header)}\n`).join(''),
      };
    } catch (error) {
      if (!isCodedError(error)) throw error;
      if (error.code === 'NOT_FOUND' && args.includes('--ignore-not-found')) return { stdout: '', stderr: '' };
      // Only the server's message, as from kubectl.
      const words = error.message.replace(`cannot ${call.what}: `, '');
      throw codedError(error.code, words, { where: call.what, hint: error.hint, cause: error });
    }
  };
}

/** A path that listPath makes (src/kubernetes/pages.ts). */
const podPage = /^\/api\/v1\/namespaces\/([a-z0-9-]+)\/pods\?.*/;

function callOf(args: readonly string[], input: string): ApiCall {
  const [verb = '', type = '', name = ''] = args;
  const namespace = valueOf(args, '--namespace');
  const page = verb === 'get' ? podPage.exec(valueOf(args, '--raw') ?? '') : null;
  if (page !== null) return { method: 'GET', path: page[0], what: `list pods in namespace ${page[1]}` };
  const call = namespace === undefined ? undefined : callIn(namespace, { args, verb, type, name, input });
  if (call === undefined) throw codedError('INTERNAL', `the hooks do not support "kubectl ${args.join(' ')}"`);
  return call;
}

interface Asked {
  readonly args: readonly string[];
  readonly verb: string;
  readonly type: string;
  readonly name: string;
  readonly input: string;
}

function callIn(namespace: string, { args, verb, type, name, input }: Asked): ApiCall | undefined {
  const path = `/api/v1/namespaces/${namespace}`;
  if (verb === 'create') {
    const query = args.includes('--dry-run=server') ? '?dryRun=All&fieldValidation=Ignore' : '';
    return {
      method: 'POST',
      path: `${path}/pods${query}`,
      body: JSON.parse(input) as object,
      what: `create pods in namespace ${namespace}`,
    };
  }
  const pod = { path: `${path}/pods/${name}`, what: `${verb} pods/${name} in namespace ${namespace}` };
  if (verb === 'get' && type === 'pod') return { method: 'GET', ...pod };
  if (verb === 'delete' && type === 'pod')
    return { method: 'DELETE', ...pod, path: `${pod.path}?gracePeriodSeconds=1` };
  if (verb !== 'get' || !['limitranges', 'resourcequotas'].includes(type)) return undefined;
  return { method: 'GET', path: `${path}/${type}`, what: `list ${type} in namespace ${namespace}` };
}

function valueOf(args: readonly string[], flag: string): string | undefined {
  const index = args.indexOf(flag);
  return index === -1 ? undefined : args[index + 1];
}

/** `299 - "text"`: the text (RFC 9111, the field Warning of RFC 7234). */
function textOf(header: string): string {
  return /^\d{3} \S+ "((?:[^"\\]|\\.)*)"/.exec(header)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? header;
}
