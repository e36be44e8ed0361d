import { expect, test } from 'vitest';
import { securityContext, type AgentSecurityContext, type InheritedSecurity } from '../../../src/sidecar/index.ts';

const always = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'], add: ['NET_RAW'] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
};
const own = { runAsUser: 60_947, runAsGroup: 60_947, seccompProfile: { type: 'RuntimeDefault' } };

test.each<[string, AgentSecurityContext, InheritedSecurity, object]>([
  ['by default', {}, {}, own],
  [
    'what is null is left out, for an SCC to fill in',
    { runAsUser: null, runAsGroup: null, seccompProfile: null },
    {},
    {},
  ],
  [
    'a uid of the namespace',
    { runAsUser: 1_000_680_001, runAsGroup: 0 },
    {},
    { ...own, runAsUser: 1_000_680_001, runAsGroup: 0 },
  ],
  [
    'in a pod that runs as root it must name a user, or the kubelet would not start it',
    { runAsUser: null },
    { asRoot: true },
    own,
  ],
  [
    "a local AppArmor profile is the app's",
    {},
    { localAppArmor: true },
    { ...own, appArmorProfile: { type: 'RuntimeDefault' } },
  ],
])('%s', (_, configured, inherited, expected) => {
  expect(securityContext('NET_RAW', { securityContext: configured }, inherited)).toEqual({ ...always, ...expected });
});
