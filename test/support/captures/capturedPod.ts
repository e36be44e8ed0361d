import type { CapturedPod } from '../../../src/captures/findPods.ts';

/** A pod that captures, for tests without a cluster. */
export function capturedPod(name: string, more: Partial<CapturedPod> = {}): CapturedPod {
  return {
    namespace: 'shop',
    name,
    uid: name,
    container: 'packet-capture',
    phase: 'Running',
    node: 'node0',
    annotations: {},
    defaults: {},
    volumeBytes: undefined,
    mirrors: false,
    ready: true,
    deleting: false,
    ...more,
  };
}
