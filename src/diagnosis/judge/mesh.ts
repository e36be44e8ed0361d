import { leftOutReasons, seesCiphertextAlone } from '../../inject/index.ts';
import { settingEnvironment } from '../../settings/index.ts';
import { containerName, defaultSidecarConfig } from '../../sidecar/index.ts';
import type { Condition, Subject } from './conditions.ts';

/** Warns that an injected pod in a mesh captures encrypted traffic only; empty for other pods. Pure. */
export function meshConditions({ pod }: Subject): Condition[] {
  const agent = pod.spec?.initContainers?.find(({ name }) => name === containerName);
  if (agent === undefined) return [];
  const environment = (agent['env'] ?? []) as readonly { readonly name: string; readonly value?: string }[];
  const interfaces = environment.find(({ name }) => name === settingEnvironment('interfaces'))?.value;
  const config = { ...defaultSidecarConfig, settings: interfaces === undefined ? {} : { interfaces } };
  if (!seesCiphertextAlone(pod, pod.metadata.annotations ?? {}, config)) return [];
  return [{ met: false, what: `it is captured ${leftOutReasons.plaintext}` }];
}
