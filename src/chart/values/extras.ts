import * as kubernetes from './kubernetesSchemas.ts';
import { leaf, passedList, type Json } from './tree.ts';

/** What the chart does not think of. */
export const extras = {
  extraArgs: leaf<readonly string[]>([], "behind the injector's own arguments", {
    type: 'array',
    items: { type: 'string' },
  }),
  extraEnv: passedList('variables of the injector', kubernetes.env),
  extraVolumes: passedList("volumes of the injector's pods", kubernetes.volumes),
  extraVolumeMounts: passedList('mounts of the injector', kubernetes.volumeMounts),
  extraContainers: passedList("containers of the injector's pods", kubernetes.containers),
  hostAliases: passedList("of the injector's pods", kubernetes.hostAliases),
  extraObjects: leaf<ReadonlyArray<Json | string>>([], 'further objects; what stands in {{ }} is rendered', {
    type: 'array',
    items: { type: ['object', 'string'] },
  }),
} as const;
