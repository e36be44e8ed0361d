import { expect, test } from 'vitest';
import { planInjection } from '../../../src/inject/index.ts';
import type { Container, Volume } from '../../../src/kubernetes/api/types.ts';

function reasonIn(
  podSecurity: 'privileged' | 'baseline',
  container: Partial<Container>,
  volumes: readonly Volume[] = [],
): string {
  const config = {
    form: 'custom',
    containers: [{ name: 'monitor', image: 'm:1', ...container }],
    initContainers: [],
    volumes,
  } as const;
  const plan = planInjection({ spec: { containers: [{ name: 'app' }] } }, { config, settings: {}, podSecurity });
  return plan.inject ? 'injected' : plan.reason;
}

const context = (securityContext: object): Partial<Container> => ({ securityContext });

test.each<[string, Partial<Container>, (readonly Volume[])?]>([
  ['privileged', context({ privileged: true })],
  ['a capability', context({ capabilities: { add: ['CHOWN', 'NET_ADMIN'] } })],
  ['a host process', context({ windowsOptions: { hostProcess: true } })],
  ['no seccomp', context({ seccompProfile: { type: 'Unconfined' } })],
  ['no AppArmor', context({ appArmorProfile: { type: 'Unconfined' } })],
  ['the whole /proc', context({ procMount: 'Unmasked' })],
  ['an SELinux type', context({ seLinuxOptions: { type: 'spc_t' } })],
  ['an SELinux user', context({ seLinuxOptions: { user: 'system_u' } })],
  ['a host port', { ports: [{ containerPort: 80 }, { hostPort: 80 }] }],
  ['a probe of another host', { livenessProbe: { httpGet: { host: '10.0.0.1' } } }],
  ['a hook to another host', { lifecycle: { preStop: { tcpSocket: { host: '10.0.0.1' } } } }],
  ['a host path', {}, [{ name: 'host', hostPath: { path: '/' } }]],
])('a custom sidecar with %s exceeds baseline, which would refuse the pod', (_, container, volumes) => {
  expect(reasonIn('baseline', container, volumes)).toBe('pod_security_baseline');
  expect(reasonIn('privileged', container, volumes)).toBe('injected');
});

test.each<[string, Partial<Container>]>([
  ['the fields of the article', { stdin: true, tty: true }],
  [
    'capabilities that baseline admits',
    context({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] }, seccompProfile: { type: 'RuntimeDefault' } }),
  ],
  [
    'ports and probes',
    { ports: [{ containerPort: 80, hostPort: 0 }], readinessProbe: { httpGet: { path: '/', port: 80 } } },
  ],
])('a custom sidecar with %s is injected in baseline', (_, container) => {
  expect(reasonIn('baseline', container)).toBe('injected');
});
