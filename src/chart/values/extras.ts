import * as kubernetes from './kubernetesSchemas.ts';
import { leaf, passedList, type Json } from './tree.ts';

/** What the chart does not think of. */
export const extras = {
  extraArgs: leaf<readonly string[]>([], "further arguments, after the injector's own", {
    type: 'array',
    items: { type: 'string' },
  }),
  extraEnv: passedList('environment variables of the injector', kubernetes.env),
  extraVolumes: passedList("further volumes of the injector's pods", kubernetes.volumes),
  extraVolumeMounts: passedList('volume mounts of the injector', kubernetes.volumeMounts),
  extraContainers: passedList("further containers of the injector's pods", kubernetes.containers),
  hostAliases: passedList("host aliases of the injector's pods", kubernetes.hostAliases),
  extraObjects: leaf<ReadonlyArray<Json | string>>([], 'further objects; Helm renders what is in {{ }}', {
    type: 'array',
    items: { type: ['object', 'string'] },
  }),
} as const;
