import { codedError } from '../errors.ts';
import { isLabelName } from '../objectNames.ts';

/** The name by which the API server calls a webhook with a service reference (util/webhook/client.go). */
export function webhookHost(service: string, namespace: string): string {
  return `${service}.${namespace}.svc`;
}

/**
 * The DNS names of the serving certificate, the shortest first.
 * @throws USAGE for a name that Kubernetes does not accept
 */
export function servingNames(service: string, namespace: string): string[] {
  for (const [kind, name] of [
    ['service', service],
    ['namespace', namespace],
  ] as const) {
    // A Service's name may begin with a digit since KEP-5311.
    const valid: boolean = isLabelName(name);
    if (!valid) {
      const hint = 'Use lower case letters, digits and "-", at most 63.';
      throw codedError('USAGE', `"${name}" is not a valid name of a ${kind}`, { where: `--${kind}`, hint });
    }
  }
  return [service, `${service}.${namespace}`, webhookHost(service, namespace)];
}
