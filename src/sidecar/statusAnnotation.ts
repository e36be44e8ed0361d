import { version } from '../version.ts';

/**
 * The value of the annotation `packet-capture/status`: what was added to the pod, so that it can be taken out again.
 */
export interface SidecarStatus {
  readonly version: string;
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
  /** Annotations that were added beside the status itself. */
  readonly annotations?: readonly string[];
  /** Annotations that were there, and have something of ours in front of their values. */
  readonly extended?: readonly string[];
}

export function formatStatus(status: Omit<SidecarStatus, 'version'>): string {
  return JSON.stringify({ version, ...status });
}

/** The status in an annotation's value, or undefined when it is none of ours. */
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
