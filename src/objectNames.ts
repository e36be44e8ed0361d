/** The names of Kubernetes' objects, as regular expressions that are valid in RE2 too. */

/** RFC 1123 label: the name of a namespace, a container, a volume, or one part of a domain. */
export const labelPattern = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';

const label = new RegExp(`^${labelPattern}$`);
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Whether a text is an RFC 1123 label, and so the name of a namespace, a container or a volume. */
export function isLabelName(name: unknown): name is string {
  return typeof name === 'string' && label.test(name);
}

/**
 * Whether a text is an RFC 1123 subdomain, the name of most objects. Such a name cannot change the path of a request.
 */
export function isObjectName(name: unknown): name is string {
  return typeof name === 'string' && subdomain.test(name);
}
