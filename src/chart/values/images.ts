import { allowedLists, forAllowed, type AllowedKey } from '../../settings/index.ts';
import {
  agentUser,
  defaultAgent,
  defaultMaxBufferSize,
  defaultMaxVolumeSize,
  everything,
  imageRepositories,
  largestId,
  leastMetricsPort,
  uploadPatterns,
} from '../../sidecar/index.ts';
import { settingSchema } from './capture.ts';
import * as kubernetes from './kubernetesSchemas.ts';
import * as is from './schemas.ts';
import { choice, group, leaf, passed, string, type Json, type Leaf } from './tree.ts';

/** Pull secrets as the values have them: names, or objects as in a pod. */
export type PullSecrets = ReadonlyArray<string | { readonly name: string }>;

const pullPolicies = ['Always', 'IfNotPresent', 'Never'] as const;

function image(text: string, repository: string): ReturnType<typeof imageGroup> {
  return imageGroup(text, repository);
}

function imageGroup(text: string, repository: string) {
  return group(text, {
    registry: string(
      '',
      'host and port of the registry; empty: global.imageRegistry. One of the two must be set',
      is.registry,
    ),
    repository: string(repository, 'name of the image, without the tag', is.repository),
    tag: string('', "tag of the image; empty: the chart's appVersion", is.tag),
    digest: string('', 'sha256:…; pins the image, and is used instead of the tag', is.digest),
    pullPolicy: choice('IfNotPresent', 'when the image is pulled', pullPolicies),
    pullSecrets: leaf<PullSecrets>([], 'names of pull secrets, in addition to global.imagePullSecrets', is.pullSecrets),
  });
}

/** The injector's image. The hooks and the test run it too. */
export const injectorImage = image("the injector's image", imageRepositories.injector);

function allowed(key: AllowedKey): Leaf<readonly string[]> {
  const { text, pattern } = allowedLists[key];
  return leaf(everything, text, { type: 'array', items: { type: 'string', pattern }, uniqueItems: true });
}

/** The sidecar that is injected. */
export const agent = group('the capture agent: the sidecar that is injected', {
  image: image("the agent's image; its pull secrets must exist in the namespaces of the pods", imageRepositories.agent),
  resources: passed(
    'resources of the sidecar; annotations of a pod (packet-capture/cpu-request, …) override them',
    kubernetes.resources,
    defaultAgent.resources as Json,
  ),
  maxVolumeSize: leaf<string | number>(
    defaultMaxVolumeSize,
    'the most disk space that the capture files of a pod may take; pods choose the size by annotations, and share the disk of their node',
    settingSchema('bytes'),
  ),
  maxBufferSize: leaf<string | number>(
    defaultMaxBufferSize,
    'the largest buffer-size that a pod may choose. It is memory of the kernel, which no limit counts, for each interface, and once more for a stream',
    settingSchema('buffer'),
  ),
  ...forAllowed(allowed),
  uploadProxy: string(
    '',
    'the HTTP proxy for uploads, http://HOST:PORT; a proxy with credentials belongs in the key proxy of the Secret packet-capture-upload',
    { pattern: uploadPatterns.uploadProxy },
  ),
  uploadNoProxy: string(
    '',
    'hosts, addresses and networks that uploads reach without the proxy, separated by commas, as in NO_PROXY',
    { pattern: uploadPatterns.uploadNoProxy },
  ),
  uploadCA: string(
    '',
    "name of a ConfigMap in the pods' namespaces; uploads also trust the certificates in its key ca.crt. trust-manager can make it",
    { pattern: uploadPatterns.uploadCA },
  ),
  securityContext: group(
    'security context of the sidecar; null leaves a field out, so that OpenShift fills it in. The other fields are fixed',
    {
      runAsUser: leaf<number | null>(agentUser, 'user ID; not 0', {
        type: ['integer', 'null'],
        minimum: 1,
        maximum: largestId,
      }),
      runAsGroup: leaf<number | null>(agentUser, 'group ID', {
        type: ['integer', 'null'],
        minimum: 0,
        maximum: largestId,
      }),
      seccompProfile: leaf<{ readonly type: 'RuntimeDefault' } | null>(
        { type: 'RuntimeDefault' },
        'RuntimeDefault, or null for no profile',
        {
          type: ['object', 'null'],
          additionalProperties: false,
          required: ['type'],
          properties: { type: { enum: ['RuntimeDefault'] } },
        },
      ),
    },
  ),
  metricsPort: leaf<number>(0, "port of the sidecar's metrics, which no app of the pod may use; 0: no metrics", {
    type: 'integer',
    anyOf: [{ const: 0 }, { minimum: leastMetricsPort, maximum: 65_535 }],
  }),
});
