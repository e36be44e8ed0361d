import { expect, test } from 'vitest';
import { planInjection, type Addition, type Removal } from '../../../src/inject/index.ts';
import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { statusAnnotation } from '../../../src/settings/index.ts';
import { defaultSidecarConfig } from '../../../src/sidecar/index.ts';
import { lawNames, violations, type LawName, type Way } from '../../support/inject/laws.ts';
import { dataWay, plansFor, textWay, type Plans } from '../../support/inject/ways.ts';
import { podFixtures, type PodFixture } from '../../support/pods/index.ts';

/** A few pods are enough to notice a fault. */
const names = [
  'plain',
  'foreign-annotations',
  'command',
  'one-volume',
  'own-init',
  'guaranteed',
  'wrong-filter',
  'host-network',
  'already-injected',
  'baseline',
];
const fixtures = podFixtures.filter(({ name }) => names.includes(name));
const real = plansFor();
const text = textWay('Deployment', 'YAML');
const [idempotent, exact, selective] = lawNames as [LawName, LawName, LawName];

/** Each fault breaks correct code in one place. The laws are useful if every fault breaks one of them. */
const brokenPlans: readonly [name: string, laws: readonly LawName[], plans: Plans][] = [
  [
    'what is there already is not looked at',
    [idempotent, selective],
    { ...real, inject: (_, fixture) => blindPlan(fixture) },
  ],
  ['another name each time', [idempotent], { ...real, inject: (template, fixture) => renamedPlan(template, fixture) }],
  [
    'the status forgets a volume',
    [exact],
    adding((addition) => ({ ...addition, annotations: { [statusAnnotation]: forgetful(addition) } })),
  ],
  [
    'a container more than the status says',
    [exact],
    adding((addition) => ({ ...addition, containers: [{ name: 'extra', image: 'x' }] })),
  ],
  [
    'pull secrets, which no status names',
    [exact],
    adding((addition) => ({ ...addition, imagePullSecrets: [{ name: 'extra' }] })),
  ],
  [
    'an annotation of the pod is overwritten',
    [exact],
    adding((addition) => ({ ...addition, annotations: { ...addition.annotations, 'packet-capture/inject': 'done' } })),
  ],
  [
    'nothing is added',
    [selective],
    adding(() => ({ annotations: {}, containers: [], initContainers: [], volumes: [], imagePullSecrets: [] })),
  ],
  [
    'host network is no reason',
    [selective],
    { ...real, inject: (template, fixture) => real.inject(withoutHostNetwork(template), fixture) },
  ],
  ['every pod is skipped', [selective], { ...real, inject: () => ({ inject: false, reason: 'opted_out' }) }],
  ['nothing is removed', [exact], { ...real, remove: () => ({ remove: false, reason: 'not_injected' }) }],
  ['a volume stays', [exact], removing((removal) => ({ ...removal, volumes: removal.volumes.slice(1) }))],
  ['the status stays', [exact], removing((removal) => ({ ...removal, annotations: [] }))],
  [
    "the user's init container goes, too",
    [exact],
    removing((removal) => ({ ...removal, initContainers: [...removal.initContainers, 'migrate'] })),
  ],
  [
    'an annotation of the user goes, too',
    [exact],
    removing((removal) => ({ ...removal, annotations: [...removal.annotations, 'packet-capture/inject'] })),
  ],
];

test.each(brokenPlans)('as plain data: %s', (_, laws, plans) => {
  expect(lawNames.filter((law) => law in violations(dataWay(plans), fixtures))).toEqual(laws);
});

const brokenTexts: readonly [name: string, laws: readonly LawName[], way: Way<string>][] = [
  [
    'a blank line each time',
    [idempotent, exact, selective],
    { ...text, inject: (x, fixture) => `${text.inject(x, fixture)}\n` },
  ],
  [
    'comments are lost',
    [exact, selective],
    { ...text, inject: (x, fixture) => text.inject(x, fixture).replaceAll(/^#.*\n/gm, '') },
  ],
  ['another quote', [exact], { ...text, remove: (x) => text.remove(x).replaceAll("'", '"') }],
  ['a line stays', [exact], { ...text, remove: (x) => `${text.remove(x)}#\n` }],
  ['nothing is removed', [exact], { ...text, remove: (x) => x }],
  ['nothing is added', [selective], { ...text, inject: (x) => x }],
];

test.each(brokenTexts)('as text: %s', (_, laws, way) => {
  expect(lawNames.filter((law) => law in violations(way, fixtures))).toEqual(laws);
});

function adding(change: (addition: Addition) => Addition): Plans {
  return {
    ...real,
    inject: (template, fixture) => {
      const plan = real.inject(template, fixture);
      return plan.inject ? { inject: true, addition: change(plan.addition) } : plan;
    },
  };
}

function removing(change: (removal: Removal) => Removal): Plans {
  return {
    ...real,
    remove: (template) => {
      const plan = real.remove(template);
      return plan.remove ? { remove: true, removal: change(plan.removal) } : plan;
    },
  };
}

/** The addition to a plain pod, used for every pod. */
function blindPlan({ level }: PodFixture): ReturnType<Plans['inject']> {
  const podSecurity = level === 'restricted' ? 'privileged' : level;
  return planInjection(
    { spec: { containers: [{ name: 'app' }] } },
    { config: defaultSidecarConfig, settings: {}, podSecurity },
  );
}

function renamedPlan(template: PodTemplate, fixture: PodFixture): ReturnType<Plans['inject']> {
  const first = real.inject(template, fixture);
  if (first.inject || first.reason !== 'already_injected' || fixture.expected !== 'injected') return first;
  return {
    inject: true,
    addition: {
      annotations: {},
      containers: [{ name: 'again' }],
      initContainers: [],
      volumes: [],
      imagePullSecrets: [],
    },
  };
}

function forgetful({ initContainers, volumes }: Addition): string {
  return JSON.stringify({
    version: '1',
    containers: initContainers.map(({ name }) => name),
    volumes: volumes.slice(1).map(({ name }) => name),
  });
}

function withoutHostNetwork(template: PodTemplate): PodTemplate {
  return { ...template, spec: { ...template.spec, hostNetwork: false } };
}
