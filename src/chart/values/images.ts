import { allowedPatterns, settings } from '../../settings/index.ts';
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
import { choice, group, leaf, passed, string, type Json, type Leaf, type Schema } from './tree.ts';

export type PullSecrets = ReadonlyArray<string | { readonly name: string }>;

const pullPolicies = ['Always', 'IfNotPresent', 'Never'] as const;

function image(text: string, repository: string): ReturnType<typeof imageGroup> {
  return imageGroup(text, repository);
}

function imageGroup(text: string, repository: string) {
  return group(text, {
    registry: string(
      '',
      'host and port of the registry; empty: global.imageRegistry. One of them is required',
      is.registry,
    ),
    repository: string(repository, 'name of the image, without tag', is.repository),
    tag: string('', "tag of the image; empty: the chart's appVersion", is.tag),
    digest: string('', 'digest of the image, sha256:…; it wins over the tag, and pins the image', is.digest),
    pullPolicy: choice('IfNotPresent', 'when the image is pulled', pullPolicies),
    pullSecrets: leaf<PullSecrets>([], 'names of pull secrets, in addition to global.imagePullSecrets', is.pullSecrets),
  });
}

/** The injector's own image; its hooks and its test run it too. */
export const injectorImage = image("the injector's image", imageRepositories.injector);

/** A list of what is allowed. @param items the schema of each */
function allowed(text: string, items: Schema): Leaf<readonly string[]> {
  return leaf<readonly string[]>(everything, text, { type: 'array', items, uniqueItems: true });
}

/** The sidecar that is injected. */
export const agent = group('the capture agent: the sidecar that is injected', {
  image: image("the agent's image; its pull secrets must exist in the namespaces of the pods", imageRepositories.agent),
  resources: passed(
    "resources of the sidecar; the pods' annotations win (packet-capture/cpu-request, …)",
    kubernetes.resources,
    defaultAgent.resources as Json,
  ),
  maxVolumeSize: leaf<string | number>(
    defaultMaxVolumeSize,
    'largest volume for the files of a capture; pods choose the size by annotations, and share the disk of their node',
    settingSchema('bytes'),
  ),
  maxBufferSize: leaf<string | number>(
    defaultMaxBufferSize,
    "the largest buffer-size that a pod may choose; the kernel's memory, which no limit counts: once for each interface, and for a stream again",
    settingSchema('buffer'),
  ),
  allowedSettings: allowed('the settings that annotations may change; [*]: all', {
    type: 'string',
    enum: [everything[0], ...settings.map(({ name }) => name)],
  }),
  allowedStreams: allowed(
    'where `stream` may send packets: HOST:PORT, *.DOMAIN:PORT, PORT may be *; [*]: anywhere, []: nowhere',
    {
      type: 'string',
      pattern: allowedPatterns.allowedStreams,
    },
  ),
  allowedMirrors: allowed('the same for `mirror`', { type: 'string', pattern: allowedPatterns.allowedMirrors }),
  allowedUploads: allowed(
    'where `upload` may send files: REMOTE:PATH, a * at the end matches any rest; [*]: anywhere, []: nowhere',
    {
      type: 'string',
      pattern: allowedPatterns.allowedUploads,
    },
  ),
  uploadProxy: string(
    '',
    'proxy for uploads, http://HOST:PORT; put a proxy with credentials into the key proxy of the Secret packet-capture-upload',
    { pattern: uploadPatterns.uploadProxy },
  ),
  uploadNoProxy: string('', 'exceptions from it, as in NO_PROXY: hosts, addresses and networks, separated by commas', {
    pattern: uploadPatterns.uploadNoProxy,
  }),
  uploadCA: string(
    '',
    "name of a ConfigMap in the pods' namespaces; uploads also trust its key ca.crt, as trust-manager makes it",
    { pattern: uploadPatterns.uploadCA },
  ),
  securityContext: group(
    'security context of the sidecar; null leaves a field out, for OpenShift. All other fields are fixed',
    {
      runAsUser: leaf<number | null>(agentUser, 'user of the sidecar; not root', {
        type: ['integer', 'null'],
        minimum: 1,
        maximum: largestId,
      }),
      runAsGroup: leaf<number | null>(agentUser, 'group of the sidecar', {
        type: ['integer', 'null'],
        minimum: 0,
        maximum: largestId,
      }),
      seccompProfile: leaf<{ readonly type: 'RuntimeDefault' } | null>(
        { type: 'RuntimeDefault' },
        'seccomp profile: RuntimeDefault or null',
        {
          type: ['object', 'null'],
          additionalProperties: false,
          required: ['type'],
          properties: { type: { enum: ['RuntimeDefault'] } },
        },
      ),
    },
  ),
  metricsPort: leaf<number>(0, "the sidecar's port for Prometheus, which no app may use; 0: none", {
    type: 'integer',
    anyOf: [{ const: 0 }, { minimum: leastMetricsPort, maximum: 65_535 }],
  }),
});
