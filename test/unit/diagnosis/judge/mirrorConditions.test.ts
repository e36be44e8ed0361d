import { expect, test } from 'vitest';
import type { Subject } from '../../../../src/diagnosis/judge/conditions.ts';
import { judge } from '../../../../src/diagnosis/judge/judge.ts';
import type { Owner } from '../../../../src/diagnosis/read/podOwners.ts';
import { explain, type WhyResult } from '../../../../src/diagnosis/report/explain.ts';
import { planInjection } from '../../../../src/inject/index.ts';
import type { Pod, WorkloadObject } from '../../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig, type AgentSidecarConfig } from '../../../../src/sidecar/index.ts';
import { asking, deployment, optedIn, pod, stateOf, subject } from '../../../support/diagnosis/builders.ts';

const url = 'vxlan://collector';
const key = 'packet-capture/mirror';
const mirrored = { ...asking, [key]: url };
const baseline = { ...optedIn, 'pod-security.kubernetes.io/enforce': 'baseline' };
const none = /^it has no container packet-capture-mirror: /;

/** A pod that was made with some annotations, and has others now. */
function injected(
  made: Readonly<Record<string, string>>,
  now = made,
  config: AgentSidecarConfig = defaultSidecarConfig,
): Pod {
  const before = pod(made);
  const plan = planInjection(before, { config, settings: {}, podSecurity: 'privileged' });
  if (!plan.inject) throw new Error(plan.reason);
  const { annotations, initContainers, volumes } = plan.addition;
  return { ...pod({ ...now, ...annotations }), spec: { ...before.spec, initContainers, volumes } };
}

const accepted = { kind: 'made', injects: true, warnings: [], notes: [] } as const;

function why(of: Pod, rest: Partial<Subject> = {}): WhyResult {
  const found = subject(of, rest);
  return explain({
    object: 'pod/web-1',
    subject: found,
    judgement: judge(found, [stateOf()]),
    dryRun: accepted,
    state: undefined,
    siblings: undefined,
    known: true,
    now: new Date(),
  });
}

const about = ({ conditions }: WhyResult): WhyResult['conditions'] =>
  conditions.filter(({ what }) => what.includes('packet-capture-mirror'));
const owned = (template: WorkloadObject): Pick<Subject, 'owners'> => ({
  owners: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', object: template } satisfies Owner],
});

test('a pod that has a mirror, and one that asks for none', () => {
  expect(about(why(injected(mirrored)))).toEqual([{ met: true, what: 'it has the container packet-capture-mirror' }]);
  expect(about(why(injected(asking)))).toEqual([]);
  expect(why(injected(asking))).toMatchObject({ state: 'injected', next: null });
});

test('a pod in a baseline namespace cannot have a mirror, and no advice is given', () => {
  const result = why(injected(asking, mirrored), { namespaceLabels: baseline });
  expect(about(result)).toEqual([
    { met: false, what: expect.stringMatching(/enforces Pod Security "baseline", which forbids NET_ADMIN/) as string },
  ]);
  expect(result.next).toBeNull();
});

test('a pod with a late annotation: the advice writes it into the pod template and replaces the pod', () => {
  const late = injected(asking, mirrored);
  expect(about(why(late))).toEqual([{ met: false, what: expect.stringMatching(none) as string }]);
  expect(why(late, owned(deployment(asking))).next).toBe(
    `kubectl patch deployment/web --namespace shop --type merge --patch '{"spec":{"template":{"metadata":{"annotations":{"${key}":"${url}"}}}}}'`,
  );
  expect(why(late, owned(deployment(mirrored))).next).toBe('kubectl rollout restart deployment/web --namespace shop');
  const carrying = deployment(asking);
  const template = { metadata: late.metadata, spec: late.spec };
  expect(
    why(late, owned({ ...carrying, spec: { ...carrying.spec, template } as NonNullable<WorkloadObject['spec']> })).next,
  ).toBe(
    `packet-capture unpatch deployment/web --namespace shop && packet-capture patch deployment/web --namespace shop --mirror ${url}`,
  );
});

test('a value that is not a URL is never part of a command line', () => {
  expect(why(injected(asking, { ...asking, [key]: "' && reboot '" }), owned(deployment(asking))).next).toBeNull();
});

test('a default that both the release and the sidecar have', () => {
  const defaulting = { ...defaultSidecarConfig, settings: { mirror: url } };
  const [late] = [injected(asking, asking, defaulting)];
  expect(about(why(late))).toMatchObject([{ met: true }]);
  const without = { ...late, spec: { ...late.spec, initContainers: late.spec?.initContainers?.slice(0, 1) ?? [] } };
  expect(about(why(without))).toMatchObject([{ met: false }]);
});

test('a workload reports how many of its pods have no mirror', () => {
  const found = subject(pod(mirrored), owned(deployment(mirrored)));
  const siblings = [injected(mirrored), injected(asking), injected(asking)].map((one) => ({
    subject: subject(one),
    judgement: judge(subject(one), [stateOf()]),
  }));
  const facts = {
    object: 'deployment/web',
    judgement: judge(found, [stateOf()]),
    dryRun: accepted,
    state: undefined,
    siblings,
    known: true,
    now: new Date(),
  };
  expect(about(explain({ ...facts, subject: found }))).toEqual([
    {
      met: false,
      what: '2 of its 3 pods have no container packet-capture-mirror: they are older than the request for it',
    },
  ]);
  expect(about(explain({ ...facts, subject: found, siblings: siblings.slice(0, 1) }))).toEqual([]);
  const { conditions } = explain({ ...facts, subject: { ...found, namespaceLabels: baseline } });
  expect(conditions).toContainEqual({
    met: false,
    what: 'its pods run without its mirror: its namespace enforces Pod Security "baseline", which forbids NET_ADMIN',
  });
});
