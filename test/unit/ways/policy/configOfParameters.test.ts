import { expect, test } from 'vitest';
import {
  defaultAgent,
  defaultSidecarConfig,
  type AgentConfig,
  type AgentSidecarConfig,
} from '../../../../src/sidecar/index.ts';
import { configOfParameters, policyParameters } from '../../../../src/ways/policy/index.ts';

const configs: readonly Partial<AgentConfig>[] = [
  {},
  {
    image: 'registry.example/agent:1',
    imagePullPolicy: 'Always',
    imagePullSecrets: [{ name: 'a' }, { name: 'b.c' }],
    metricsPort: 9464,
  },
  { resources: { limits: { memory: '64Mi', cpu: '1' } }, maxVolumeSize: '1Ti' },
  {
    maxBufferSize: '1Gi',
    allowedSettings: ['state'],
    allowedStreams: [],
    allowedMirrors: ['a:1', '*:2'],
    allowedUploads: ['s3:a/*'],
  },
  { uploadProxy: 'http://proxy:3128', uploadNoProxy: 'a.b,10.0.0.0/8', uploadCA: 'corp-ca' },
  { resources: {}, securityContext: { runAsUser: null, runAsGroup: 0, seccompProfile: null } },
];

test.each(configs)('the parameters of %j say what they were made of', (changed) => {
  const config: AgentSidecarConfig = {
    ...defaultSidecarConfig,
    skipRuntimeClasses: ['a', 'b*'],
    agent: { ...defaultAgent, ...changed },
    settings: { filter: 'port 80, "a=b"', 'file-count': '2' },
  };
  const options = { profile: 'privileged', annotation: 'x/y', optOut: true } as const;
  const data = policyParameters(config, options);
  const read = configOfParameters(data);
  expect(read && policyParameters(read, options)).toEqual(data);
  expect(read).toMatchObject({
    skipRuntimeClasses: config.skipRuntimeClasses,
    settings: config.settings,
    agent: { image: config.agent.image },
  });
});

test("those of a sidecar of the user's own are none of ours; what an older release left out has its default", () => {
  expect(configOfParameters({ profile: 'privileged', annotation: 'a', optOut: 'false' })).toBeUndefined();
  expect(configOfParameters({ image: 'a:1', requests: 'cpu=1' })).toMatchObject({
    agent: { image: 'a:1', resources: { requests: { cpu: '1' } }, maxVolumeSize: '10Gi' },
  });
});
