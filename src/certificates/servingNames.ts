import { codedError } from '../errors.ts';

/** RFC 1123 label: what Kubernetes takes as the name of a namespace and, since it was relaxed, of a Service. */
const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** The one name that the API server asks for when it calls a webhook by service reference (util/webhook/client.go). */
export function webhookHost(service: string, namespace: string): string {
  return `${service}.${namespace}.svc`;
}

/**
 * The DNS names of the serving certificate, the shortest first.
 * @throws USAGE when a name is none that Kubernetes takes
 */
export function servingNames(service: string, namespace: string): string[] {
  for (const [kind, name] of [
    ['service', service],
    ['namespace', namespace],
  ] as const) {
    if (!label.test(name)) {
      const hint = 'Use lower case letters, digits and "-", at most 63.';
      throw codedError('USAGE', `"${name}" is no name of a ${kind}`, { where: `--${kind}`, hint });
    }
  }
  return [service, `${service}.${namespace}`, webhookHost(service, namespace)];
}
