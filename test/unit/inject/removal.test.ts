import { describe, expect, test } from 'vitest';
import { planRemoval, type InjectOptions } from '../../../src/inject/index.ts';
import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../src/sidecar/index.ts';

const options: InjectOptions = { config: defaultSidecarConfig, settings: {}, podSecurity: 'privileged' };
const own: InjectOptions = {
  ...options,
  config: {
    form: 'custom',
    containers: [{ name: 'monitor', image: 'm:v1', stdin: true, tty: true }],
    initContainers: [],
    volumes: [],
  },
};

describe('the removal', () => {
  const status = (
    containers: readonly string[],
    volumes: readonly string[],
    annotations: readonly string[] = [],
  ): Record<string, string> => ({
    'packet-capture/status': JSON.stringify({ version: '9.9.9', containers, volumes, annotations }),
  });
  const agent = { name: 'packet-capture', image: 'packet-capture/agent:0.1.0', restartPolicy: 'Always' };
  const removalOf = (template: PodTemplate): unknown => {
    const plan = planRemoval(template, defaultSidecarConfig);
    return plan.remove ? plan.removal : plan.reason;
  };

  test('follows the status of any version', () => {
    const template: PodTemplate = {
      metadata: {
        annotations: {
          ...status(['packet-capture'], ['packet-capture-files'], ['packet-capture/filter']),
          'packet-capture/filter': 'x',
          other: 'y',
        },
      },
      spec: {
        containers: [{ name: 'app' }],
        initContainers: [{ name: 'packet-capture', image: 'another' }, { name: 'init' }],
        volumes: [{ name: 'packet-capture-files' }, { name: 'data' }],
      },
    };
    expect(removalOf(template)).toEqual({
      annotations: ['packet-capture/filter', 'packet-capture/status'],
      initContainers: ['packet-capture'],
      containers: [],
      volumes: ['packet-capture-files'],
    });
  });
  test('removes nothing that is not ours, whatever the status lists', () => {
    const forged = status(
      ['app', 'istio-proxy', 'packet-capture'],
      ['data', 'istio-envoy'],
      ['sidecar.istio.io/status', 'packet-capture/inject', 'other'],
    );
    const template: PodTemplate = {
      metadata: {
        annotations: { ...forged, 'sidecar.istio.io/status': '{}', 'packet-capture/inject': 'true', other: 'y' },
      },
      spec: {
        containers: [{ name: 'app' }, { name: 'istio-proxy' }],
        initContainers: [agent],
        volumes: [{ name: 'data' }, { name: 'istio-envoy' }],
      },
    };
    expect(removalOf(template)).toEqual({
      annotations: ['packet-capture/status'],
      initContainers: ['packet-capture'],
      containers: [],
      volumes: [],
    });
  });
  test('removes an annotation without a sidecar', () => {
    expect(
      removalOf({
        metadata: { annotations: status(['packet-capture'], ['packet-capture-files']) },
        spec: { containers: [{ name: 'app' }] },
      }),
    ).toEqual({
      annotations: ['packet-capture/status'],
      initContainers: [],
      containers: [],
      volumes: [],
    });
  });
  test('removes a sidecar without the annotation, and its volumes that no other container mounts', () => {
    const mirror = { ...agent, name: 'packet-capture-mirror' };
    const reader = { name: 'reader', volumeMounts: [{ name: 'packet-capture-files', mountPath: '/captures' }] };
    const volumes = [{ name: 'packet-capture-files' }, { name: 'packet-capture-settings' }, { name: 'data' }];
    expect(
      removalOf({ spec: { containers: [{ name: 'app' }, reader], initContainers: [agent, mirror], volumes } }),
    ).toEqual({
      annotations: [],
      initContainers: ['packet-capture', 'packet-capture-mirror'],
      containers: [],
      volumes: ['packet-capture-settings'],
    });
  });
  test('removes a sidecar with an unreadable status', () => {
    const template: PodTemplate = {
      metadata: { annotations: { 'packet-capture/status': 'x' } },
      spec: { containers: [{ name: 'app' }], initContainers: [agent] },
    };
    expect(removalOf(template)).toMatchObject({
      annotations: ['packet-capture/status'],
      initContainers: ['packet-capture'],
    });
  });
  test('keeps the last container of a pod', () => {
    expect(
      removalOf({
        metadata: { annotations: status(['packet-capture'], []) },
        spec: { containers: [{ name: 'packet-capture' }] },
      }),
    ).toMatchObject({ containers: [] });
  });
  test('removes nothing without a status', () => {
    expect(planRemoval({ spec: { containers: [{ name: 'packet-capture' }] } }, defaultSidecarConfig)).toEqual({
      remove: false,
      reason: 'not_injected',
    });
  });
  test('removes a custom sidecar only if it is unchanged', () => {
    const beside = (image: string): PodTemplate => ({
      spec: { containers: [{ name: 'app' }, { name: 'monitor', image, stdin: true, tty: true }] },
    });
    expect(planRemoval(beside('m:v1'), own.config)).toMatchObject({
      remove: true,
      removal: { containers: ['monitor'] },
    });
    expect(planRemoval(beside('m:v2'), own.config)).toMatchObject({ remove: false });
  });
  test('keeps a custom sidecar that is the only container', () => {
    expect(
      planRemoval({ spec: { containers: [{ name: 'monitor', image: 'm:v1', stdin: true, tty: true }] } }, own.config),
    ).toMatchObject({ remove: false });
  });
});
