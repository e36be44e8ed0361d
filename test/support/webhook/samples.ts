import jsonPatch, { type Operation } from 'fast-json-patch';
import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { injectAnnotation } from '../../../src/settings/index.ts';
import { defaultSidecarConfig, type SidecarConfig } from '../../../src/sidecar/index.ts';
import type { InjectorOptions, Verdict } from '../../../src/ways/webhook/decide.ts';
import type { Review } from '../../../src/ways/webhook/review.ts';

export const options: InjectorOptions = { config: defaultSidecarConfig, annotation: injectAnnotation, optOut: false };

/** A sidecar of a user's own. */
export const customConfig: SidecarConfig = {
  form: 'custom',
  containers: [{ name: 'monitor', image: 'monitor:1', volumeMounts: [{ name: 'dumps', mountPath: '/dumps' }] }],
  initContainers: [],
  volumes: [{ name: 'dumps', emptyDir: {} }],
};

/** A pod as the API server sends it, with the annotation that asks for injection. */
export function podOf(spec: object = {}, annotations: Record<string, string> = {}): PodTemplate {
  return {
    metadata: { generateName: 'web-', namespace: 'shop', annotations: { [injectAnnotation]: 'true', ...annotations } },
    spec: { containers: [{ name: 'web', image: 'nginx' }], ...spec },
  };
}

export function reviewOf(object: unknown, changed: Partial<Review> = {}): Review {
  return {
    apiVersion: 'admission.k8s.io/v1',
    uid: 'u-1',
    createsPod: true,
    namespace: 'shop',
    name: 'web-*',
    dryRun: false,
    object,
    ...changed,
  };
}

/** The whole AdmissionReview, as the API server writes it. */
export function bodyOf(object: unknown, request: object = {}): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u-1',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: 'shop',
      operation: 'CREATE',
      userInfo: { username: 'system:serviceaccount:kube-system:replicaset-controller' },
      object,
      oldObject: null,
      dryRun: false,
      options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
      ...request,
    },
  });
}

/** The pod after an injection; the given one stays as it is. */
export function patched(pod: PodTemplate, verdict: Verdict): PodTemplate {
  if (verdict.decision !== 'injected') throw new Error(`not injected: ${verdict.reason}`);
  return jsonPatch.applyPatch<PodTemplate>(pod, JSON.parse(verdict.patch.text) as Operation[], true, false).newDocument;
}
