import { expect, test } from 'vitest';
import { planInjection } from '../../../src/inject/index.ts';
import { defaultSidecarConfig, type AgentSidecarConfig } from '../../../src/sidecar/index.ts';
import { podFixtures } from '../../support/pods/index.ts';

/** A port that some of the fixtures have, and a user that is left out: so that everything of a pod counts. */
const config: AgentSidecarConfig = {
  ...defaultSidecarConfig,
  agent: {
    ...defaultSidecarConfig.agent,
    metricsPort: 8080,
    imagePullSecrets: [{ name: 'registry' }],
    securityContext: { runAsUser: null },
  },
};

test('what was made for one pod is never given to another that needs something else', () => {
  for (const { name, template, level } of podFixtures) {
    const options = { settings: {}, podSecurity: level, atAdmission: true };
    const shared = planInjection(template, { ...options, config });
    // Nothing was ever made for this configuration.
    expect(shared, name).toEqual(planInjection(template, { ...options, config: { ...config } }));
  }
});
