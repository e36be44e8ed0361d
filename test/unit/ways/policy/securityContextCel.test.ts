import { expect, test } from 'vitest';
import { inheritedSecurity } from '../../../../src/inject/inherited.ts';
import type { PodSpec } from '../../../../src/kubernetes/api/types.ts';
import {
  defaultAgent,
  defaultSidecarConfig,
  securityContext,
  type AgentSecurityContext,
} from '../../../../src/sidecar/index.ts';
import { policyParameters } from '../../../../src/ways/policy/index.ts';
import { evaluate, inlined } from '../../../support/policy/evaluate.ts';

const contexts: readonly AgentSecurityContext[] = [
  {},
  { runAsUser: null, runAsGroup: null, seccompProfile: null },
  { runAsUser: null, runAsGroup: 0 },
  { runAsUser: 1_000_680_001, seccompProfile: { type: 'RuntimeDefault' } },
];
const pods: readonly PodSpec[] = [
  {},
  { securityContext: null },
  { securityContext: { runAsUser: 0, appArmorProfile: { type: 'Localhost', localhostProfile: 'app' } } },
  { securityContext: { runAsUser: 1000, appArmorProfile: { type: 'Unconfined' } } },
];
const cases = contexts.flatMap((configured) =>
  pods.flatMap((spec) => (['privileged', 'baseline'] as const).map((profile) => [configured, spec, profile] as const)),
);

test.each(cases)(
  '%j for a pod with %j in %s: the policy gives the fields of every other way',
  (configured, spec, profile) => {
    const agent = { ...defaultAgent, securityContext: configured };
    const params = {
      data: policyParameters({ ...defaultSidecarConfig, agent }, { profile, annotation: 'a', optOut: true }),
    };
    const fieldsOf = (name: string): unknown =>
      Object.fromEntries(
        (evaluate(inlined(name), { params, object: { spec } }) as { name: string; value: unknown }[]).map((field) => [
          field.name,
          field.value,
        ]),
      );
    const inherited = inheritedSecurity(spec);
    expect(fieldsOf('securityFields')).toEqual(
      securityContext(profile === 'privileged' ? 'NET_RAW' : undefined, agent, inherited),
    );
    expect(fieldsOf('mirrorSecurityFields')).toEqual(securityContext('NET_ADMIN', agent, inherited));
  },
);
