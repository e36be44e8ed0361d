import { expect, test } from 'vitest';
import { admissionPolicy } from '../../../../scripts/release/publish/admissionPolicy.ts';
import type { ReleaseRecord } from '../../../../scripts/release/publish/record.ts';
import { evaluate } from '../../../support/policy/evaluate.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const name = 'registry.example/team/packet-capture/agent';

function recordOf(version: string, digit: string, registry = 'registry.example/team'): ReleaseRecord {
  const image = {
    name: `${registry}/packet-capture/agent`,
    tag: version,
    digest: digest(digit),
    platforms: { 'linux/amd64': digest('d') },
  };
  const chart = { name: `${registry}/charts/packet-capture`, tag: version, digest: digest('c') };
  return { version, commit: 'c', images: { agent: image }, chart };
}

interface Images {
  readonly containers?: readonly string[];
  readonly initContainers?: readonly string[];
  readonly ephemeralContainers?: readonly string[];
}

/** What the policy says to a pod with these images; undefined when it is admitted. */
function answer(records: readonly ReleaseRecord[], pod: Images, before?: Images): string | undefined {
  const [{ spec }] = admissionPolicy(records);
  const variables: Record<string, unknown> = {};
  const known = { object: podOf(pod), oldObject: before === undefined ? null : podOf(before), variables };
  for (const { name: variable, expression } of spec.variables) variables[variable] = evaluate(expression, known);
  const [validation] = spec.validations;
  if (validation === undefined) throw new Error('the policy validates nothing');
  return evaluate(validation.expression, known) === true
    ? undefined
    : (evaluate(validation.messageExpression, known) as string);
}

function podOf(pod: Images): object {
  const containers = Object.entries(pod).map(([list, images]) => [
    list,
    (images as readonly string[]).map((image) => ({ name: 'c', ...(image === '' ? {} : { image }) })),
  ]);
  return { spec: Object.fromEntries(containers) as object };
}

const one = [recordOf('0.1.0', 'a')];

test.each([
  `${name}@${digest('a')}`,
  `${name}:0.1.0@${digest('a')}`,
  `${name}@${digest('d')}`,
  'nginx',
  'registry.example/team/packet-capture/agent2:0.1.0',
  'registry.example/team/app@sha256:1',
  '',
])('admits %s', (image) => {
  for (const list of ['containers', 'initContainers', 'ephemeralContainers'])
    expect(answer(one, { containers: ['nginx'], [list]: [image] })).toBeUndefined();
});

test.each([
  name,
  `${name}:0.1.0`,
  `${name}@${digest('b')}`,
  `${name}:0.1.0@${digest('b')}`,
  `Registry.Example/team/packet-capture/agent@${digest('b')}`,
  `registry.example:443/team/packet-capture/agent@${digest('b')}`,
])('refuses %s in each kind of container', (image) => {
  const says = `${image} is no digest of packet-capture 0.1.0`;
  for (const list of ['containers', 'initContainers', 'ephemeralContainers'])
    expect(answer(one, { containers: ['nginx'], [list]: [image] })).toBe(says);
});

test.each([
  'team/packet-capture/agent:1',
  'docker.io/team/packet-capture/agent',
  'index.docker.io/team/packet-capture/agent',
])('refuses %s when the release is in Docker Hub', (image) => {
  expect(answer([recordOf('0.1.0', 'a', 'docker.io/team')], { containers: [image] })).toBeDefined();
});

test('admits the digests of each release that is named', () => {
  const two = [...one, recordOf('0.2.0', 'b')];
  expect(answer(two, { containers: [`${name}@${digest('a')}`, `${name}@${digest('b')}`] })).toBeUndefined();
  expect(answer(two, { containers: [`${name}@${digest('e')}`, `${name}:1`] })).toBe(
    `${name}@${digest('e')}, ${name}:1 is no digest of packet-capture 0.1.0, 0.2.0`,
  );
});

test('leaves a pod alone that has its image already, and refuses to change it to another', () => {
  const old = { containers: ['nginx'], initContainers: [`${name}:0.0.1`] };
  expect(answer(one, old, old)).toBeUndefined();
  expect(answer(one, { ...old, ephemeralContainers: [`${name}@${digest('a')}`] }, old)).toBeUndefined();
  expect(answer(one, { ...old, ephemeralContainers: [`${name}:0.0.2`] }, old)).toContain(`${name}:0.0.2 is no digest`);
});

test('without a release there is no policy', () => {
  expect(() => admissionPolicy([])).toThrow('a policy needs a release');
});
