import type { PodTemplate } from '../kubernetes/api/types.ts';
import {
  isHarmless,
  lockProblem,
  settingAnnotation,
  settingProblem,
  settings,
  type Platform,
  type SettingName,
} from '../settings/index.ts';
import { platformOfConfig, type SidecarConfig } from '../sidecar/index.ts';
import type { LeftOut } from './reasons.ts';

/** A manifest may contain numbers, which are not valid as annotations. */
type Annotations = Readonly<Record<string, string | number | boolean>>;

const interfacesKey = settingAnnotation('interfaces');

/**
 * The settings without which nothing is captured, except the interfaces. Without other settings the capture goes on.
 */
const captureSettings = settings
  .filter(({ name }) => name !== 'interfaces' && !isHarmless(name))
  .map(({ name }) => [name, settingAnnotation(name)] as const);

/** `atAdmission`: the notes become warnings of the API server, which a controller reads; default false. */
export interface NoteOptions {
  readonly config: SidecarConfig;
  readonly atAdmission?: boolean | undefined;
}

/**
 * What a capture of an injected pod will lack.
 * @param annotations of the pod, with those that it is to get
 */
export function lostPackets(
  template: PodTemplate,
  annotations: Annotations,
  { config, atAdmission = false }: NoteOptions,
): LeftOut[] {
  const lost: LeftOut[] = [];
  const platform = config.form === 'agent' ? platformOfConfig(config) : undefined;
  if (isInvalid('interfaces', annotations[interfacesKey], platform)) lost.push('interfaces');
  if (captureSettings.some(([name, key]) => isInvalid(name, annotations[key], platform))) lost.push('setting');
  // Not at admission: the warning would go to the controller of each pod, where nobody reads it.
  if (!atAdmission && seesCiphertextAlone(template, annotations, config)) lost.push('plaintext');
  return lost;
}

/** A setting that annotations may not change keeps the release's value. */
function isInvalid(name: SettingName, value: Annotations[string] | undefined, platform: Platform | undefined): boolean {
  if (value === undefined || (platform !== undefined && lockProblem(name, String(value), platform) !== undefined))
    return false;
  return settingProblem(name, String(value), platform) !== undefined;
}

/** The container names of mesh proxies that encrypt the traffic that leaves the pod. */
const proxies: readonly string[] = ['istio-proxy', 'linkerd-proxy', 'consul-dataplane', 'kuma-sidecar'];

/** How pods ask for such a proxy, by label or by annotation, before it is injected. */
const wishes: Readonly<Record<string, string>> = {
  'sidecar.istio.io/inject': 'true',
  'linkerd.io/inject': 'enabled',
  'consul.hashicorp.com/connect-inject': 'true',
  'kuma.io/sidecar-injection': 'enabled',
};

/**
 * Whether a pod's files would contain only the ciphertext of a mesh, because `interfaces` does not include `lo`, on
 * which the app and the mesh's proxy exchange plaintext.
 */
export function seesCiphertextAlone(
  { metadata, spec }: PodTemplate,
  annotations: Annotations,
  config: SidecarConfig,
): boolean {
  const given = String(annotations[interfacesKey] ?? '');
  const byDefault = config.form === 'agent' ? config.settings.interfaces : undefined;
  const interfaces = given === '' ? (byDefault ?? 'all') : given;
  if (interfaces === 'any' || interfaces.split(',').includes('lo')) return false;
  const labels = metadata?.labels ?? {};
  const asks = Object.keys(wishes).some((key) => [labels[key], annotations[key]].includes(wishes[key]));
  return (
    asks ||
    [spec?.containers, spec?.initContainers].some((list) => list?.some(({ name }) => proxies.includes(name)) === true)
  );
}
