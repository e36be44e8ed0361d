import { describe, expect, test } from 'vitest';
import { idOf, ofKind, render, type KubernetesObject } from '../support/chart/helm.ts';
import { bakedCerts, valueSets } from '../support/chart/valueSets.ts';

const sets = valueSets(await bakedCerts(), await bakedCerts('capture', 'chart-other'));
const rendered = async (name: string): Promise<KubernetesObject[]> => render(sets[name] ?? {});

const clusterFlags = ['--api-versions', 'apiregistration.k8s.io/v1'];

describe('targets', () => {
  test.each([3, 4] as const)(
    'that are empty need no hook: helm %i template renders no Job and no rights',
    async (major) => {
      for (const set of ['defaults', 'baked', 'high availability']) {
        const objects = await render(sets[set] ?? {}, { major });
        expect(objects.filter(({ kind }) => ['Job', 'Role', 'RoleBinding'].includes(kind)).map(idOf)).toEqual([]);
        expect(
          objects.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook']?.includes('install')).map(idOf),
        ).toEqual([]);
        expect(objects.map(idOf)).not.toContain('ConfigMap chart-system/packet-capture-opt-in');
      }
    },
  );

  test('give the hook rights by name, for dry runs of their pods and the trial of the image', async () => {
    const dryRun = [
      { apiGroups: [''], resources: ['pods'], verbs: ['create', 'list'] },
      { apiGroups: [''], resources: ['limitranges', 'resourcequotas'], verbs: ['list'] },
      // A real pod with a fixed name that tries the agent's image.
      {
        apiGroups: [''],
        resources: ['pods'],
        resourceNames: ['packet-capture.chart-system-image-trial'],
        verbs: ['get', 'delete'],
      },
    ];
    const roles = (await rendered('targets')).filter(({ kind }) => kind === 'Role');
    expect(Object.fromEntries(roles.map((role) => [idOf(role), role['rules']]))).toEqual({
      'Role chart-system/packet-capture-hook': [
        {
          apiGroups: [''],
          resources: ['configmaps'],
          resourceNames: ['packet-capture-opt-in'],
          verbs: ['get', 'patch'],
        },
        { apiGroups: [''], resources: ['pods'], verbs: ['create'] },
      ],
      'Role chart-shop/packet-capture.chart-system-opt-in': [
        { apiGroups: [''], resources: ['namespaces'], resourceNames: ['chart-shop'], verbs: ['get', 'patch'] },
        ...dryRun,
        { apiGroups: ['apps'], resources: ['daemonsets'], resourceNames: ['log.agent'], verbs: ['get', 'patch'] },
        { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web', 'cart'], verbs: ['get', 'patch'] },
        { apiGroups: ['apps'], resources: ['statefulsets'], resourceNames: ['db'], verbs: ['get', 'patch'] },
      ],
      'Role chart-ledger/packet-capture.chart-system-opt-in': [
        { apiGroups: [''], resources: ['namespaces'], resourceNames: ['chart-ledger'], verbs: ['get', 'patch'] },
      ],
    });
  });

  // There are hooks without targets too, in a cluster: the first proves the installation, and the last undoes what a
  // failed upgrade has left.
  test.each([
    ['targets', []],
    ['targets', clusterFlags],
    ['defaults', clusterFlags],
  ] as const)(
    'are opted in after and opted out before the release changes, and all is undone at the end (%s %j)',
    async (set, flags) => {
      const objects = await render(sets[set] ?? {}, { flags });
      const jobs = objects.filter(({ kind }) => kind === 'Job');
      expect(
        Object.fromEntries(jobs.map(({ metadata }) => [metadata.name, metadata.annotations?.['helm.sh/hook']])),
      ).toEqual({
        'packet-capture-opt-in': 'post-install,post-upgrade,post-rollback',
        'packet-capture-opt-out': 'pre-upgrade,pre-rollback',
        'packet-capture-undo': 'pre-delete',
      });
      const accounts = objects.filter(
        ({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name.endsWith('-hook'),
      );
      const events = new Set(accounts[0]?.metadata.annotations?.['helm.sh/hook']?.split(','));
      for (const { metadata } of jobs)
        for (const event of metadata.annotations?.['helm.sh/hook']?.split(',') ?? [])
          expect(events.has(event)).toBe(true);
    },
  );

  test('without hooks are in the notes, as commands of kubectl', async () => {
    const objects = await rendered('targets without hooks');
    expect(objects.filter(({ kind }) => ['Job', 'Role', 'RoleBinding'].includes(kind))).toEqual([]);
    const lines = '{{ include "packet-capture.targetLines" . | toJson }}';
    const note = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata: {lines: ${lines}}`;
    const { data } = ofKind(
      await render({ ...sets['targets without hooks'], extraObjects: [note] }),
      'ConfigMap',
      'notes',
    );
    expect(data.lines.trim().split(/\n\s*/)).toEqual([
      'kubectl label namespace chart-shop packet-capture/injection=enabled',
      `kubectl patch deployment web -n chart-shop -p '{"spec":{"template":{"metadata":{"annotations":{"packet-capture/inject":"true"}}}}}'`,
    ]);
  });
});
