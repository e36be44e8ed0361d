import type { Kubectl } from '../cluster/kubectl.ts';
import { codedError, isCodedError } from '../errors.ts';
import type { ApiCall, ApiClient } from './apiClient.ts';

/**
 * What a dry run of pods asks of kubectl, asked by the API client: the hooks' image has no kubectl, and the rule who may
 * refuse a pod is to be one (cluster/dryRun).
 * @returns takes `create --dry-run=server --namespace NS -f -` of a pod, `get TYPE --namespace NS` of what limits pods, and
 * `get --raw PATH` of a page of pods; throws INTERNAL for anything else
 */
export function apiKubectl(api: ApiClient): Kubectl {
  return async (args, { input = '' } = {}) => {
    const call = callOf(args, input);
    try {
      const { body, warnings } = await api(call);
      return { stdout: JSON.stringify(body), stderr: warnings.map((header) => `Warning: ${textOf(header)}\n`).join('') };
    } catch (error) {
      if (!isCodedError(error)) throw error;
      // The server's words alone, as kubectl has them.
      const words = error.message.replace(`cannot ${call.what}: `, '');
      throw codedError(error.code, words, { where: call.what, hint: error.hint, cause: error });
    }
  };
}

/** As listPath makes it (cluster/pages.ts). */
const podPage = /^\/api\/v1\/namespaces\/([a-z0-9-]+)\/pods\?.*/;

function callOf(args: readonly string[], input: string): ApiCall {
  const [verb, type = ''] = args;
  const namespace = valueOf(args, '--namespace');
  if (verb === 'create' && args.includes('--dry-run=server') && namespace !== undefined) {
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All&fieldValidation=Ignore`;
    return { method: 'POST', path, body: JSON.parse(input) as object, what: `create pods in namespace ${namespace}` };
  }
  if (verb === 'get' && namespace !== undefined && ['limitranges', 'resourcequotas'].includes(type)) {
    return { method: 'GET', path: `/api/v1/namespaces/${namespace}/${type}`, what: `list ${type} in namespace ${namespace}` };
  }
  const page = verb === 'get' ? podPage.exec(valueOf(args, '--raw') ?? '') : null;
  if (page !== null) return { method: 'GET', path: page[0], what: `list pods in namespace ${page[1]}` };
  throw codedError('INTERNAL', `the hooks have no "kubectl ${args.join(' ')}"`);
}

function valueOf(args: readonly string[], flag: string): string | undefined {
  const index = args.indexOf(flag);
  return index === -1 ? undefined : args[index + 1];
}

/** `299 - "text"`: the text (RFC 9111, the field Warning of RFC 7234). */
function textOf(header: string): string {
  return /^\d{3} \S+ "((?:[^"\\]|\\.)*)"/.exec(header)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? header;
}
