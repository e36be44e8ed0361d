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
  placeholderRegistry,
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
      `host, and port, of the registry; empty: global.imageRegistry; one must be named, since ${placeholderRegistry} is nobody's`,
      is.registry,
    ),
    repository: string(repository, 'name of the image, without tag', is.repository),
    tag: string('', "empty: the chart's appVersion", is.tag),
    digest: string('', 'sha256:…; wins over the tag; the normal way to pin', is.digest),
    pullPolicy: choice('IfNotPresent', 'when to pull', pullPolicies),
    pullSecrets: leaf<PullSecrets>([], 'names of Secrets, beside global.imagePullSecrets', is.pullSecrets),
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
    "of the sidecar, under the amounts in the pods' annotations (packet-capture/cpu-request, …)",
    kubernetes.resources,
    defaultAgent.resources as Json,
  ),
  maxVolumeSize: leaf<string | number>(
    defaultMaxVolumeSize,
    'of a pod for the files of its capture: pods choose the size of theirs by annotations, and share the disk of their node',
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
    'where `upload` may send files: REMOTE:PATH, * at its end for whatever follows; [*]: anywhere, []: nowhere',
    {
      type: 'string',
      pattern: allowedPatterns.allowedUploads,
    },
  ),
  uploadProxy: string(
    '',
    'the proxy of uploads, http://HOST:PORT; one with credentials belongs into the key proxy of the Secret packet-capture-upload',
    { pattern: uploadPatterns.uploadProxy },
  ),
  uploadNoProxy: string(
    '',
    'what does not go through it, as in NO_PROXY: hosts, addresses and networks, separated by commas',
    { pattern: uploadPatterns.uploadNoProxy },
  ),
  uploadCA: string(
    '',
    "name of a ConfigMap in the pods' namespaces whose key ca.crt uploads trust besides, as trust-manager makes it",
    { pattern: uploadPatterns.uploadCA },
  ),
  securityContext: group('of the sidecar; null leaves a field out, as OpenShift has it. The rest is fixed', {
    runAsUser: leaf<number | null>(agentUser, 'the uid; not root', {
      type: ['integer', 'null'],
      minimum: 1,
      maximum: largestId,
    }),
    runAsGroup: leaf<number | null>(agentUser, 'the gid', {
      type: ['integer', 'null'],
      minimum: 0,
      maximum: largestId,
    }),
    seccompProfile: leaf<{ readonly type: 'RuntimeDefault' } | null>(
      { type: 'RuntimeDefault' },
      'RuntimeDefault or nothing',
      {
        type: ['object', 'null'],
        additionalProperties: false,
        required: ['type'],
        properties: { type: { enum: ['RuntimeDefault'] } },
      },
    ),
  }),
  metricsPort: leaf<number>(0, 'where the sidecar answers Prometheus, a port that no app has; 0: it does not', {
    type: 'integer',
    anyOf: [{ const: 0 }, { minimum: leastMetricsPort, maximum: 65_535 }],
  }),
});
