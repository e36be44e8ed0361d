import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kube } from '../../support/cluster/clusterFixture.ts';
import { loadReleaseImages } from '../../support/cluster/helmFixture.ts';
import { withPodSecurityByConfiguration } from '../../support/long/apiServer.ts';
import { runsAlone } from '../../support/long/compatibility/app.ts';
import {
  columns,
  installColumn,
  manifestColumn,
  patchColumn,
  policyColumn,
  webhookColumns,
  type Put,
} from '../../support/long/compatibility/columns.ts';
import { each, releaseNamespace, type Cell } from '../../support/long/compatibility/compatibilityFixture.ts';
import { appOf, clusterObjects, rows } from '../../support/long/compatibility/rows.ts';
import { withRows } from '../../support/long/compatibility/table.ts';

const stamp = `compat-${Date.now().toString(36)}`;
/** For work on a single row. */
const only = process.env['ROWS']?.split(',');
const sites: readonly Cell[] = rows
  .filter(({ name }) => only?.includes(name) ?? true)
  .map((row) => ({ row, namespace: `${stamp}-${row.name}` }));
const usual = sites.filter(({ row }) => row.byConfiguration !== true);
const cells = new Map(sites.map(({ row }) => [row.name, new Map<string, string>()]));
/** What is advised is one thing, whichever command says it. */
const put: Put = ({ row }, column, cell) => {
  const before = cells.get(row.name)?.get(column) ?? '';
  if (cell === '') return;
  expect([cell, ''], `${column} of ${row.name}`).toContain(before);
  cells.get(row.name)?.set(column, cell);
};

const list = (items: readonly object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
const docs = new URL('../../../docs/compatibility.md', import.meta.url);

/** Makes namespaces, what stands in the way there, and an app in each that runs. */
async function prepare(some: readonly Cell[]): Promise<void> {
  if (some.length === 0) return;
  await kube(
    ['create', '-f', '-'],
    list(
      some.map(({ row, namespace }) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace, labels: row.labels ?? {} },
      })),
    ),
  );
  const inTheWay = some.flatMap(({ row, namespace }) =>
    (row.objects ?? []).map((object) => ({ ...object, metadata: { ...object.metadata, namespace } })),
  );
  await kube(['create', '-f', '-'], list([...inTheWay, ...some.map(({ row, namespace }) => appOf(row, namespace))]));
  await each(some, async ({ namespace }) => runsAlone(namespace));
}

beforeAll(async () => {
  await loadReleaseImages();
  await kube(['apply', '-f', '-'], list(clusterObjects));
  await prepare(usual);
});

afterAll(async () => {
  await kube([
    'delete',
    'mutatingwebhookconfigurations,mutatingadmissionpolicies,mutatingadmissionpolicybindings',
    '-l',
    'app.kubernetes.io/instance=compatibility',
    '--ignore-not-found',
  ]);
  await kube([
    'delete',
    'namespace',
    releaseNamespace,
    ...sites.map(({ namespace }) => namespace),
    '--ignore-not-found',
    '--wait=false',
  ]);
  await kube([
    'delete',
    '--ignore-not-found',
    ...clusterObjects.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
  ]);
});

const make = {
  manifest: manifestColumn,
  patch: patchColumn,
  install: installColumn,
  webhook: webhookColumns,
  policy: policyColumn,
};
const without = (name: string, some: readonly Cell[]): readonly Cell[] =>
  some.filter(({ row }) => cells.get(row.name)?.has(name) !== true);

test.each(Object.entries(make))('%s', async (name, column) => {
  await column(usual, put);
  expect(without(name, usual)).toEqual([]);
});

test('Pod Security by the configuration of the API server', async () => {
  const own = sites.filter(({ row }) => row.byConfiguration === true);
  if (own.length === 0) return;
  await withPodSecurityByConfiguration(async () => {
    await prepare(own);
    for (const column of Object.values(make)) await column(own, put);
  });
  expect(without('policy', own)).toEqual([]);
});

test('docs/compatibility.md has the results; UPDATE=1 writes them there', async () => {
  const seen = sites.map(({ row }) => [row.title, ...columns.map((column) => cells.get(row.name)?.get(column) ?? '')]);
  const before = await readFile(docs, 'utf8');
  const after = withRows(
    before,
    ['what stands there', ...columns],
    rows.map(({ title }) => title),
    seen,
  );
  if (process.env['UPDATE'] === '1') await writeFile(docs, after);
  expect((await readFile(docs, 'utf8')).split('\n')).toEqual(after.split('\n'));
});
