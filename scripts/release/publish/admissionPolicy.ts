import { codedError } from '../../../src/errors.ts';
import type { ReleaseRecord } from './record.ts';

/** Of the policy and of its binding. */
const name = 'packet-capture-images';

/**
 * A policy for the API server that admits the images of releases by their digests alone: under the names of these
 * images no other content is admitted into a pod, whatever their tags are moved to. Other images are none of its
 * business. The API server judges by itself; nothing runs in the cluster for it.
 * @param records of verified releases, all from one registry
 * @returns the ValidatingAdmissionPolicy and its binding
 */
export function admissionPolicy(records: readonly ReleaseRecord[]): [policy: AdmissionPolicy, binding: object] {
  const images = records.flatMap((record) => Object.values(record.images));
  if (images.length === 0) throw codedError('USAGE', 'a policy needs a release');
  const names = unique(images.flatMap((image) => aliases(image.name)));
  const digests = unique(images.flatMap(({ digest, platforms }) => [digest, ...Object.values(platforms)]));
  const versions = unique(records.map(({ version }) => version)).join(', ');
  const kind = { apiVersion: 'admissionregistration.k8s.io/v1' } as const;
  const policy = {
    ...kind,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name, annotations: { 'packet-capture/releases': versions } },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          rule(['pods'], ['CREATE', 'UPDATE']),
          // `packet-capture attach` and kubectl debug add containers by it.
          rule(['pods/ephemeralcontainers'], ['UPDATE']),
        ],
      },
      variables: [
        { name: 'images', expression: imagesOf('object') },
        // What runs already may stay, so that nobody is kept from changing the rest of such a pod, or from deleting it.
        { name: 'before', expression: `oldObject == null ? [] : ${imagesOf('oldObject')}` },
        { name: 'names', expression: JSON.stringify(names) },
        { name: 'digests', expression: JSON.stringify(digests) },
        { name: 'refused', expression: refused },
      ],
      validations: [
        {
          expression: 'size(variables.refused) == 0',
          messageExpression: `variables.refused.join(', ') + ' is no digest of packet-capture ${versions}'`,
          reason: 'Forbidden',
        },
      ],
    },
  } as const;
  const binding = {
    ...kind,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'] },
  };
  return [policy, binding];
}

/** What the policy evaluates. */
export interface AdmissionPolicy {
  readonly spec: {
    readonly variables: ReadonlyArray<{ readonly name: string; readonly expression: string }>;
    readonly validations: ReadonlyArray<{ readonly expression: string; readonly messageExpression: string }>;
  };
}

/** A name in a registry is not case-sensitive in its host, and has a tag, a digest or both after it. */
const refused = `variables.images.filter(image, !(image in variables.before) &&
  variables.names.exists(name, image.lowerAscii() == name || image.lowerAscii().startsWith(name + ':') ||
    image.lowerAscii().startsWith(name + '@')) &&
  !variables.digests.exists(digest, image.endsWith('@' + digest)))`;

/** The images of all containers of a pod. An expression of CEL. */
function imagesOf(pod: 'object' | 'oldObject'): string {
  const lists = ['containers', 'initContainers', 'ephemeralContainers'].map(
    (list) => `(has(${pod}.spec.${list}) ? ${pod}.spec.${list}.filter(c, has(c.image)).map(c, c.image) : [])`,
  );
  return lists.join(' + ');
}

/** The other names by which a registry gives the same image. */
function aliases(image: string): string[] {
  const [host = '', ...path] = image.toLowerCase().split('/');
  const rest = path.join('/');
  if (host === 'docker.io') return [`${host}/${rest}`, `index.docker.io/${rest}`, `registry-1.docker.io/${rest}`, rest];
  return host.includes(':') ? [`${host}/${rest}`] : [`${host}/${rest}`, `${host}:443/${rest}`];
}

function rule(resources: readonly string[], operations: readonly string[]): object {
  return { apiGroups: [''], apiVersions: ['v1'], operations, resources };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
