import type { PodTemplate } from '../kubernetes/api/types.ts';
import type { Addition } from './addition.ts';
import type { Removal } from './removal.ts';

type Named = readonly { readonly name: string }[];

/** The pod template with the sidecar, as {@link additionPatch} makes it. */
export function withAddition({ metadata, spec, ...rest }: PodTemplate, addition: Addition): PodTemplate {
  const lists = {
    volumes: [...(spec?.volumes ?? []), ...addition.volumes],
    initContainers: [...addition.initContainers, ...(spec?.initContainers ?? [])],
    containers: [...(spec?.containers ?? []), ...addition.containers],
    imagePullSecrets: [...(spec?.imagePullSecrets ?? []), ...addition.imagePullSecrets],
  };
  const inFront = Object.entries(addition.inFront ?? {});
  const extended = Object.fromEntries(
    inFront.map(([key, text]) => [key, `${text}${metadata?.annotations?.[key] ?? ''}`]),
  );
  return {
    ...rest,
    metadata: { ...metadata, annotations: { ...metadata?.annotations, ...extended, ...addition.annotations } },
    spec: { ...spec, ...Object.fromEntries(Object.entries(lists).filter(([, items]) => items.length > 0)) },
  };
}

/** The pod template without the removed parts, as {@link removalPatch} makes it. */
export function withoutRemoved({ metadata, spec, ...rest }: PodTemplate, removal: Removal): PodTemplate {
  const without = <T extends Named>(items: T | null | undefined, names: readonly string[]): T =>
    (items ?? []).filter(({ name }) => !names.includes(name)) as unknown as T;
  const annotations = Object.entries(metadata?.annotations ?? {}).filter(([key]) => !removal.annotations.includes(key));
  return {
    ...rest,
    metadata: { ...metadata, annotations: { ...Object.fromEntries(annotations), ...removal.shortened } },
    spec: {
      ...spec,
      volumes: without(spec?.volumes, removal.volumes),
      initContainers: without(spec?.initContainers, removal.initContainers),
      containers: without(spec?.containers, removal.containers),
    },
  };
}
