import { expect, test } from 'vitest';
import {
  coalesce,
  intentOf,
  withMaterial,
  withMode,
  withoutFormerMaterial,
} from '../../../../src/release/helm/releaseValues.ts';

test('given values are merged into the defaults as helm does it', () => {
  const defaults = { a: 1, list: [1, 2], nest: { x: 1, y: { z: 1 } }, gone: true };
  expect(coalesce(defaults, { list: [3], nest: { y: { z: 2 } }, gone: null, more: { q: 1 } })).toEqual({
    a: 1,
    list: [3],
    nest: { x: 1, y: { z: 2 } },
    more: { q: 1 },
  });
});

test('the intent of given values and of the defaults', () => {
  const values = {
    certs: { mode: 'existingSecret', existingSecret: 'mine' },
    hooks: {
      enabled: false,
      podLabels: { team: 'net' },
      resources: { limits: { cpu: '1' } },
      podSecurityContext: {},
      securityContext: { runAsUser: 1 },
    },
    podSecurityContext: { fsGroup: 2 },
    securityContext: { runAsUser: 3 },
    commonLabels: { cost: 'net' },
    injection: { podSecurity: 'baseline', namespaceLabel: 'l', annotation: 'a', excludedNamespaces: ['kube-system'] },
    targets: [{ namespace: 'shop', deployments: ['web'] }, { namespace: 'bank' }],
  };
  expect(intentOf(values)).toEqual({
    way: 'webhook',
    certsMode: 'existingSecret',
    existingSecret: 'mine',
    hooks: false,
    namespaceLabel: 'l',
    annotation: 'a',
    podSecurity: 'baseline',
    excludedNamespaces: ['kube-system'],
    targets: [
      { namespace: 'shop', deployments: ['web'], statefulSets: [], daemonSets: [] },
      { namespace: 'bank', deployments: [], statefulSets: [], daemonSets: [] },
    ],
    demands: {
      labels: { cost: 'net', team: 'net' },
      annotations: {},
      resources: { limits: { cpu: '1' } },
      podSecurityContext: { fsGroup: 2 },
      securityContext: { runAsUser: 1 },
    },
  });
  expect(intentOf({})).toMatchObject({ hooks: true, podSecurity: 'auto', targets: [] });
});

const material = { caBundle: 'CA', certificate: 'CERT', key: 'KEY' };

test('certificates are baked in unless another mode is named, and other values stay', () => {
  expect(withMode({ replicas: 1 }, 'webhook')).toEqual({ replicas: 1, certs: { mode: 'baked' } });
  expect(withMode({ certs: { mode: 'certManager', certManager: {} } }, 'webhook')).toEqual({
    certs: { mode: 'certManager', certManager: {} },
  });
  expect(withMaterial({ replicas: 1, certs: { generated: { caDays: 1 } } }, material)).toEqual({
    replicas: 1,
    certs: { generated: { caDays: 1 }, mode: 'baked', ...material, next: { certificate: '', key: '' } },
  });
});

test('baked certificates are dropped with their mode; values of the user stay', () => {
  const before = withMaterial({}, material);
  const moved = {
    certs: { ...(before['certs'] as object), mode: 'existingSecret', existingSecret: 'mine', caBundle: 'THEIRS' },
  };
  expect(withoutFormerMaterial(moved, before, 'webhook')).toEqual({
    certs: { mode: 'existingSecret', existingSecret: 'mine', caBundle: 'THEIRS' },
  });
  expect(withoutFormerMaterial(before, before, 'webhook')).toBe(before);
  expect(withoutFormerMaterial(moved, { certs: { mode: 'existingSecret', caBundle: 'CA' } }, 'webhook')).toBe(moved);
});
