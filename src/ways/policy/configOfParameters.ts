import { allowedKeys, standingSettings } from '../../settings/index.ts';
import {
  defaultAgent,
  defaultSidecarConfig,
  uploadKeys,
  type AgentConfig,
  type AgentSecurityContext,
  type AgentSidecarConfig,
} from '../../sidecar/index.ts';
import { settingParameter, type ParameterKey } from './parameters.ts';

type Data = Readonly<Record<string, string>>;

/**
 * The configuration in a policy's parameters: the inverse of policyParameters. What an older release did not write has
 * its default.
 * @returns undefined for the parameters of a custom sidecar, which is part of the expressions
 */
export function configOfParameters(data: Data): AgentSidecarConfig | undefined {
  const value = (key: ParameterKey): string | undefined => data[key];
  const image = value('image');
  if (image === undefined) return undefined;
  const mebibytes = value('maxVolumeMebibytes');
  const port = data['metricsPort'];
  const classes = data['skipRuntimeClasses'];
  const agent: AgentConfig = {
    image,
    imagePullPolicy: value('imagePullPolicy') ?? defaultAgent.imagePullPolicy,
    imagePullSecrets: listOf(value('imagePullSecrets')).map((name) => ({ name })),
    resources: { requests: amountsOf(value('requests')), limits: amountsOf(value('limits')) },
    metricsPort: port === undefined ? undefined : Number(port),
    maxVolumeSize: mebibytes === undefined ? defaultAgent.maxVolumeSize : `${mebibytes}Mi`,
    maxBufferSize: data['maxBufferSize'] ?? defaultAgent.maxBufferSize,
    ...Object.fromEntries(
      allowedKeys.map((key) => [key, data[key]?.split(' ').filter((item) => item !== '') ?? defaultAgent[key]]),
    ),
    ...Object.fromEntries(uploadKeys.map((key) => [key, data[key] ?? defaultAgent[key]])),
    securityContext: securityOf(value),
  };
  const given = standingSettings.flatMap(({ name }) => {
    const text = data[settingParameter(name)];
    return text === undefined ? [] : [[name, text] as const];
  });
  return {
    ...defaultSidecarConfig,
    ...(classes === undefined ? {} : { skipRuntimeClasses: listOf(classes) }),
    agent,
    settings: Object.fromEntries(given),
  };
}

function securityOf(value: (key: ParameterKey) => string | undefined): AgentSecurityContext {
  const id = (text: string | undefined): number | null | undefined =>
    text === '' ? null : text === undefined ? undefined : Number(text);
  const profile = value('seccompProfile');
  return {
    runAsUser: id(value('runAsUser')),
    runAsGroup: id(value('runAsGroup')),
    ...(profile === '' ? { seccompProfile: null } : {}),
  };
}

function amountsOf(text: string | undefined): Record<string, string> {
  return Object.fromEntries(
    listOf(text).map((item) => [item.slice(0, item.indexOf('=')), item.slice(item.indexOf('=') + 1)]),
  );
}

function listOf(text = ''): string[] {
  return text.split(',').filter((item) => item !== '');
}
