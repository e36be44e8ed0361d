import { version } from '../version.ts';

/** The value of the annotation `packet-capture/status`: what was added to the pod, so that it can be removed again. */
export interface SidecarStatus {
  readonly version: string;
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
  /** Annotations that were added in addition to the status. */
  readonly annotations?: readonly string[];
  /** Annotations of the pod whose values were extended at the front. */
  readonly extended?: readonly string[];
}

/** The value of the annotation, with the version of this program. */
export function formatStatus(status: Omit<SidecarStatus, 'version'>): string {
  return JSON.stringify({ version, ...status });
}

/** The status in an annotation's value, or undefined when the value is not a status. */
export function parseStatus(text: string | undefined): SidecarStatus | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isStatus(value) ? value : undefined;
}

function isStatus(value: unknown): value is SidecarStatus {
  if (typeof value !== 'object' || value === null) return false;
  const { version: madeBy, containers, volumes, annotations, extended } = value as Record<string, unknown>;
  return (
    typeof madeBy === 'string' &&
    isNames(containers) &&
    isNames(volumes) &&
    [annotations, extended].every((names) => names === undefined || isNames(names))
  );
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
