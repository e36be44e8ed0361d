import { parse, YAMLParseError } from 'yaml';
import { isCodedError } from '../../errors.ts';
import type { ConfigMap, InjectorDeployment, InjectorVolume, ServiceReference } from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { readSome, unlessForbidden } from '../../kubernetes/reading.ts';
import { parseRecord, recordKey, type TargetRecord } from '../../release/hooks/record.ts';
import { readSidecarConfig, type SidecarConfig } from '../../sidecar/index.ts';
import { probe, type Probed } from './askForProbe.ts';
import type { ReleaseFacts, Release } from './releases.ts';

/** The result of reading an object: its value, or why there is none. */
export type Read<T> = { readonly value: T } | { readonly absent: true } | { readonly forbidden: true };

/** A release with its injectors, its configuration and its certificate, as far as they may be read. */
export interface ReleaseState extends ReleaseFacts {
  readonly release: Release;
  readonly sidecar: SidecarConfig | undefined;
  /** Why sidecarconfig.yaml is not valid. */
  readonly configProblem?: string;
  /** Only for the webhook. */
  readonly injector?: Injector;
  readonly probed: Probed;
  /** What its hook has opted in; undefined when that is nothing, or may not be read. */
  readonly record?: TargetRecord | undefined;
}

/** The parts of a webhook's release that run, each as far as it may be read. */
export interface Injector {
  readonly service: Read<true>;
  readonly replicas: Read<{ readonly ready: number; readonly desired: number }>;
  /** PEM of tls.crt; tls.key in the same Secret is never read. */
  readonly certificate: Read<string>;
}

/** What a release injects, without asking whether it works. @throws as Kubectl */
export async function readReleaseFacts(
  kubectl: Kubectl,
  release: Release,
): Promise<Omit<ReleaseState, 'injector' | 'probed' | 'record'>> {
  const { service } = release;
  if (service === undefined) return { release, sidecar: release.parameters?.sidecar };
  const map = `${service.name}-config`;
  const config = await readOne<ConfigMap>(kubectl, ['get', 'configmap', map, '--namespace', service.namespace]);
  return { release, ...sidecarOf(config, `configmap/${map}`) };
}

/** The whole state: also its injectors, and whether the API server injects. @throws as Kubectl */
export async function readReleaseState(kubectl: Kubectl, release: Release): Promise<ReleaseState> {
  const { service } = release;
  const [facts, working, record] = await Promise.all([
    readReleaseFacts(kubectl, release),
    service === undefined ? probeAlone(kubectl, release) : readInjector(kubectl, release, service),
    service === undefined ? undefined : readRecord(kubectl, service),
  ]);
  return { ...facts, ...working, record };
}

/** A record that cannot be parsed is ignored here: the installer reports it. */
async function readRecord(kubectl: Kubectl, { name, namespace }: ServiceReference): Promise<TargetRecord | undefined> {
  const map = `${name}-opt-in`;
  const config = await readOne<ConfigMap>(kubectl, ['get', 'configmap', map, '--namespace', namespace]);
  const text = 'value' in config ? config.value.data?.[recordKey] : undefined;
  try {
    return text === undefined ? undefined : parseRecord(text, `configmap/${map}`);
  } catch (error) {
    if (isCodedError(error)) return undefined;
    throw error;
  }
}

/** A policy has no pods of its own. */
async function probeAlone(kubectl: Kubectl, release: Release): Promise<Pick<ReleaseState, 'probed'>> {
  return { probed: await probe(kubectl, release, undefined) };
}

/** Asks for the probe too, after the Deployment was read: the probe is made like the injectors' pods. */
async function readInjector(
  kubectl: Kubectl,
  release: Release,
  { name, namespace }: ServiceReference,
): Promise<{ readonly injector: Injector; readonly probed: Probed }> {
  const within = ['--namespace', namespace];
  const [service, deployment] = await Promise.all([
    readOne<unknown>(kubectl, ['get', 'service', name, ...within]),
    readOne<InjectorDeployment>(kubectl, ['get', 'deployment', name, ...within]),
  ]);
  const template = 'value' in deployment ? deployment.value.spec?.template : undefined;
  const volumes: readonly InjectorVolume[] = template?.spec?.volumes ?? [];
  const secret = volumes.find((volume) => volume.name === 'certificates')?.secret?.secretName ?? `${name}-certs`;
  const [certificate, probed] = await Promise.all([
    readCertificate(kubectl, secret, namespace),
    probe(kubectl, release, template),
  ]);
  return {
    injector: {
      service: 'value' in service ? { value: true } : service,
      replicas: replicasOf(deployment),
      certificate,
    },
    probed,
  };
}

async function readOne<T>(kubectl: Kubectl, args: readonly string[]): Promise<Read<T>> {
  const objects = await unlessForbidden(async () => readSome<T>(kubectl, args));
  if (objects === undefined) return { forbidden: true };
  const [value] = objects;
  return value === undefined ? { absent: true } : { value };
}

async function readCertificate(kubectl: Kubectl, secret: string, namespace: string): Promise<Read<string>> {
  const args = [
    'get',
    'secret',
    secret,
    '--namespace',
    namespace,
    '--ignore-not-found',
    '-o',
    String.raw`jsonpath={.data.tls\.crt}`,
  ];
  const answer = await unlessForbidden(async () => kubectl(args));
  if (answer === undefined) return { forbidden: true };
  const text = answer.stdout.trim();
  return text === '' ? { absent: true } : { value: Buffer.from(text, 'base64').toString() };
}

function sidecarOf(config: Read<ConfigMap>, where: string): Pick<ReleaseState, 'sidecar' | 'configProblem'> {
  if ('forbidden' in config) return { sidecar: undefined };
  const text = 'value' in config ? config.value.data?.['sidecarconfig.yaml'] : undefined;
  if (text === undefined) return { sidecar: undefined, configProblem: `${where} has no sidecarconfig.yaml` };
  try {
    return { sidecar: readSidecarConfig(parse(text, { version: '1.1' }), where) };
  } catch (error) {
    if (isCodedError(error)) return { sidecar: undefined, configProblem: `${where}: ${error.message}` };
    // The parser's message is never shown: it quotes lines, and a custom sidecar may contain secrets.
    if (error instanceof YAMLParseError)
      return { sidecar: undefined, configProblem: `${where}: line ${error.linePos?.[0].line ?? '?'} is not YAML` };
    // For example, aliases that expand without a bound.
    return { sidecar: undefined, configProblem: `${where}: its YAML cannot be read` };
  }
}

function replicasOf(deployment: Read<InjectorDeployment>): Injector['replicas'] {
  if (!('value' in deployment)) return deployment;
  const { spec, status } = deployment.value;
  return { value: { ready: status?.readyReplicas ?? 0, desired: spec?.replicas ?? 1 } };
}
