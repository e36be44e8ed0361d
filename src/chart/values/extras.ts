import * as kubernetes from './kubernetesSchemas.ts';
import { leaf, passedList, type Json } from './tree.ts';

/** Additions that the chart has no values of its own for. */
export const extras = {
  extraArgs: leaf<readonly string[]>([], "arguments that are added after the injector's own", {
    type: 'array',
    items: { type: 'string' },
  }),
  extraEnv: passedList('environment variables of the injector', kubernetes.env),
  extraVolumes: passedList("volumes of the injector's pods", kubernetes.volumes),
  extraVolumeMounts: passedList('volume mounts of the injector', kubernetes.volumeMounts),
  extraContainers: passedList("containers of the injector's pods", kubernetes.containers),
  hostAliases: passedList("host aliases of the injector's pods", kubernetes.hostAliases),
  extraObjects: leaf<ReadonlyArray<Json | string>>([], 'further objects to create; expressions in {{ }} are rendered', {
    type: 'array',
    items: { type: ['object', 'string'] },
  }),
} as const;
