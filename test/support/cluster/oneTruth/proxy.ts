import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { execa } from 'execa';
import { clusterEnvironment } from '../../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../../scripts/cluster/machine.ts';
import type { ClusterHandle } from '../../../../scripts/cluster/paths.ts';
import { codedError } from '../../../../src/errors.ts';
import type { Kubectl } from '../../../../src/kubernetes/kubectl.ts';
import { until } from './until.ts';

/**
 * The API server behind `kubectl proxy`, for hundreds of requests: each kubectl would take a tenth of a second of its
 * own. What is asked for is what `packet-capture patch` asks kubectl for, and no more.
 */
export interface ApiProxy {
  readonly kubectlIn: (namespace: string) => Kubectl;
  readonly close: () => Promise<void>;
}

export async function openProxy(node: ClusterHandle, folder: string): Promise<ApiProxy> {
  const socket = join(folder, 'api.sock');
  const environment = await clusterEnvironment(node);
  const command = [environment['KUBECTL'] ?? 'kubectl', 'proxy', `--unix-socket=${socket}`];
  // It ends with this process, however that ends.
  const proxy = execa('setpriv', ['--pdeathsig', 'KILL', ...inNetns(node.netns, command)], {
    env: environment,
    reject: false,
  });
  const call = callerOf(socket);
  const isReady = async (): Promise<boolean> => (await call('GET', '/readyz').catch(() => undefined))?.status === 200;
  await until('kubectl proxy answers', isReady);
  return {
    kubectlIn: (namespace) => kubectlBy(call, namespace),
    close: async () => {
      proxy.kill();
      await proxy;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

type Call = (method: string, path: string, type?: string, body?: string) => Promise<Answer>;

function callerOf(socketPath: string): Call {
  return async (method, path, type = 'application/json', body = '') =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        { socketPath, path, method, headers: { 'content-type': type, 'content-length': Buffer.byteLength(body) } },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', reject);
        },
      );
      outgoing.on('error', reject).end(body);
    });
}

function kubectlBy(call: Call, own: string): Kubectl {
  return async (args, { input = '' } = {}) => {
    const [verb, target = ''] = args;
    const flag = (name: string): string =>
      args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? '';
    const dryRun = flag('dry-run') === 'server' ? 'dryRun=All&' : '';
    // A pod that tries the image, for each of the workloads: that is another test's.
    if (verb === 'create' && dryRun === '') throw codedError('FORBIDDEN', 'no pod is made to try the image');
    const answer =
      verb === 'get'
        ? await call('GET', readPath(target, args[2], own))
        : verb === 'patch'
          ? await call(
              'PATCH',
              `${pathOf(target, own)}?${dryRun}fieldManager=${flag('field-manager')}`,
              'application/json-patch+json',
              await readFile(flag('patch-file'), 'utf8'),
            )
          : await call('POST', `/api/v1/namespaces/${own}/pods?${dryRun}`, 'application/json', input);
    if (answer.status < 300) return { stdout: answer.text, stderr: '' };
    const { message, reason } = JSON.parse(answer.text) as { readonly message: string; readonly reason?: string };
    throw codedError(reason === 'Conflict' ? 'CONFLICT' : 'KUBECTL_FAILED', message, {
      where: `${verb} ${target} in ${own}`,
    });
  };
}

const collections: Readonly<Record<string, string>> = { deployment: 'apis/apps/v1', cronjob: 'apis/batch/v1' };

/** `get --raw PATH`, `get serviceaccount NAME`, `get TYPE/NAME` and `get TYPES`. */
function readPath(target: string, next: string | undefined, namespace: string): string {
  if (target === '--raw') return next ?? '';
  return target === 'serviceaccount'
    ? `/api/v1/namespaces/${namespace}/serviceaccounts/${next}`
    : pathOf(target, namespace);
}

function pathOf(target: string, namespace: string): string {
  const [type = '', name] = target.split('/');
  if (name === undefined) return `/api/v1/namespaces/${namespace}/${type}`;
  return type === 'namespaces'
    ? `/api/v1/namespaces/${name}`
    : `/${collections[type]}/namespaces/${namespace}/${type}s/${name}`;
}
