import { leftOutReasons, seesCiphertextAlone } from '../../inject/index.ts';
import { settingEnvironment } from '../../settings/index.ts';
import { containerName, defaultSidecarConfig } from '../../sidecar/index.ts';
import type { Condition, Subject } from './conditions.ts';

/** That a pod which carries the sidecar captures what its mesh encrypts, and nothing else; nothing of others. Pure. */
export function meshConditions({ pod }: Subject): Condition[] {
  const agent = pod.spec?.initContainers?.find(({ name }) => name === containerName);
  if (agent === undefined) return [];
  const environment = (agent['env'] ?? []) as readonly { readonly name: string; readonly value?: string }[];
  const interfaces = environment.find(({ name }) => name === settingEnvironment('interfaces'))?.value;
  const config = { ...defaultSidecarConfig, settings: interfaces === undefined ? {} : { interfaces } };
  if (!seesCiphertextAlone(pod, pod.metadata.annotations ?? {}, config)) return [];
  return [{ met: false, what: `it is captured ${leftOutReasons.plaintext}` }];
}
