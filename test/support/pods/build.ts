import type { PodSecurityLevel, SkipReason } from '../../../src/inject/index.ts';
import type { Container, PodSpec, PodTemplate } from '../../../src/kubernetes/api/types.ts';

/** A pod, where it is to be, and what is to become of it in every way. */
export interface PodFixture {
  /** A DNS label; the pod's name, too. */
  readonly name: string;
  readonly template: PodTemplate;
  /** What the namespace enforces. */
  readonly level: PodSecurityLevel;
  /** One that every cluster has; otherwise the test's own, of that level. */
  readonly namespace?: string;
  readonly expected: 'injected' | SkipReason;
}

export interface Where {
  readonly level?: PodSecurityLevel;
  readonly namespace?: string;
}

type Annotations = Readonly<Record<string, string>>;

export function injected(name: string, template: PodTemplate, where: Where = {}): PodFixture {
  return { name, template, level: 'privileged', expected: 'injected', ...where };
}

export function skipped(expected: SkipReason, name: string, template: PodTemplate, where: Where = {}): PodFixture {
  return { name, template, level: 'privileged', expected, ...where };
}

export function container(name: string, fields: Readonly<Record<string, unknown>> = {}): Container {
  return { name, image: 'example/app:1', ...fields };
}

/** A spec that the API server takes and no scheduler: nothing has to run. */
export function spec(fields: Readonly<Record<string, unknown>> = {}): PodSpec {
  return { schedulerName: 'nobody', containers: [container('app')], ...fields };
}

/** A pod that differs in its spec. */
export function withSpec(fields: Readonly<Record<string, unknown>>): PodTemplate {
  return { metadata: { annotations: { 'packet-capture/inject': 'true' } }, spec: spec(fields) };
}

/** A pod that differs in its annotations. */
export function withAnnotations(annotations: Annotations, fields: Readonly<Record<string, unknown>> = {}): PodTemplate {
  return { metadata: { annotations }, spec: spec(fields) };
}
