import { describe, expect, test } from 'vitest';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { collectPodSecurity, injectManifest, type InjectManifestOptions } from '../../../../src/ways/manifest/index.ts';

const namespace = (name: string, level: string): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n  labels:\n    pod-security.kubernetes.io/enforce: ${level}\n`;
const pod = (lines: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n${lines}spec:\n  containers:\n  - name: a\n    image: a\n`;

function outcome(text: string, options: Partial<InjectManifestOptions> = {}): string {
  const { text: injected, reports } = injectManifest(text, {
    config: defaultSidecarConfig,
    settings: {},
    file: 'f',
    ...options,
  });
  return reports[0]?.reason ?? (injected.includes('NET_RAW') ? 'privileged' : 'baseline');
}

describe('the level that a namespace enforces', () => {
  test('is read from its object, before or behind the workload', () => {
    const inShop = pod('  namespace: shop\n');
    expect(outcome(inShop)).toBe('privileged');
    expect(outcome(`${namespace('shop', 'baseline')}---\n${inShop}`)).toBe('baseline');
    expect(outcome(`${inShop}---\n${namespace('shop', 'restricted')}`)).toBe('pod_security_restricted');
    expect(outcome(`${namespace('other', 'baseline')}---\n${inShop}`)).toBe('privileged');
    expect(
      outcome(
        `${inShop}---\napiVersion: v1\nkind: List\nitems:\n- ${namespace('shop', 'baseline').replaceAll('\n', '\n  ')}`,
      ),
    ).toBe('baseline');
  });

  test('counts for workloads that name no namespace when one is given', () => {
    const text = `${namespace('shop', 'baseline')}---\n${pod('')}`;
    expect(outcome(text)).toBe('privileged');
    expect(outcome(text, { namespace: 'shop' })).toBe('baseline');
    expect(outcome(text, { namespace: 'kube-system' })).toBe('system_namespace');
  });

  test('can come from other files, and from the command line above all', () => {
    const podSecurityByNamespace = collectPodSecurity(namespace('shop', 'baseline'), 'ns.yaml');
    expect([...podSecurityByNamespace]).toEqual([['shop', 'baseline']]);
    expect(outcome(pod('  namespace: shop\n'), { podSecurityByNamespace })).toBe('baseline');
    expect(outcome(pod('  namespace: shop\n'), { podSecurityByNamespace, podSecurity: 'privileged' })).toBe(
      'privileged',
    );
    expect(
      outcome(`${namespace('shop', 'restricted')}---\n${pod('  namespace: shop\n')}`, { podSecurity: 'baseline' }),
    ).toBe('baseline');
  });

  test('must be one that Kubernetes knows', () => {
    expect(() => collectPodSecurity(`a: b\n---\n${namespace('shop', 'strict')}`, 'ns.yaml')).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID', where: 'ns.yaml: document 2, line 3, column 1' }),
    );
  });

  test('is only looked for in namespaces', () => {
    expect([...collectPodSecurity(pod('  labels:\n    pod-security.kubernetes.io/enforce: strict\n'), 'f')]).toEqual(
      [],
    );
    expect([...collectPodSecurity(namespace('a', '~'), 'f')]).toEqual([]);
  });
});
