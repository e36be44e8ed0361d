import { expect, test } from 'vitest';
import { planInjection } from '../../../src/inject/index.ts';
import { defaultSidecarConfig, type AgentSidecarConfig } from '../../../src/sidecar/index.ts';
import { podFixtures } from '../../support/pods/index.ts';

/** With a port that some fixtures use, and without a user, so that every property of a pod matters. */
const config: AgentSidecarConfig = {
  ...defaultSidecarConfig,
  agent: {
    ...defaultSidecarConfig.agent,
    metricsPort: 8080,
    imagePullSecrets: [{ name: 'registry' }],
    securityContext: { runAsUser: null },
  },
};

test('a cached addition is only used for pods that need an equal one', () => {
  for (const { name, template, level } of podFixtures) {
    const options = { settings: {}, podSecurity: level, atAdmission: true };
    const shared = planInjection(template, { ...options, config });
    // A new configuration has an empty cache.
    expect(shared, name).toEqual(planInjection(template, { ...options, config: { ...config } }));
  }
});
