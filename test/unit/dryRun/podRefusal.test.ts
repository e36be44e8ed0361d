import { expect, test } from 'vitest';
import { noAnswerIn, refusalOf } from '../../../src/dryRun/podRefusal.ts';

const create = 'error when creating "STDIN": ';
const forbidden = `Error from server (Forbidden): ${create}pods "web-" is forbidden: `;

const refusals: readonly (readonly [string, string, object])[] = [
  [
    'a limit range',
    `${forbidden}cpu max limit to request ratio per Container is 4, but provided ratio is 25.000000`,
    {
      by: 'limit_range',
      names: [],
      words: 'cpu max limit to request ratio per Container is 4, but provided ratio is 25.000000',
    },
  ],
  [
    'a limit range, several words',
    `${forbidden}[minimum memory usage per Container is 128Mi, but request is 16Mi, maximum cpu usage per Pod is 1.  No limit is specified]`,
    { by: 'limit_range', names: [] },
  ],
  [
    'a quota that is used up',
    `${forbidden}exceeded quota: small, requested: requests.memory=116Mi, used: requests.memory=200Mi, limited: requests.memory=300Mi`,
    { by: 'resource_quota', names: ['small'], exceedsQuota: true },
  ],
  [
    'a quota that demands limits',
    `${forbidden}failed quota: strict: must specify limits.cpu for: app; limits.memory for: app`,
    { by: 'resource_quota', names: ['strict'], exceedsQuota: false },
  ],
  [
    'Pod Security',
    `${forbidden}violates PodSecurity "baseline:latest": non-default capabilities (container "packet-capture" must not include "NET_RAW" in securityContext.capabilities.add)`,
    { by: 'pod_security', names: [] },
  ],
  [
    'an admission policy',
    `The pods "web-" is invalid: : ValidatingAdmissionPolicy 'no-caps' with binding 'no-caps-all' denied request: no added capabilities`,
    {
      by: 'admission_policy',
      names: ['no-caps'],
      words: "ValidatingAdmissionPolicy 'no-caps' with binding 'no-caps-all' denied request: no added capabilities",
    },
  ],
  [
    'an admission policy that stands for an SCC keeps its name',
    `The pods "web-" is invalid: : ValidatingAdmissionPolicy 'bug-scc' with binding 'bug-scc' denied request: unable to validate against any security context constraint: x`,
    { by: 'admission_policy', names: ['bug-scc'] },
  ],
  [
    'an SCC of OpenShift',
    `${forbidden}unable to validate against any security context constraint: [provider restricted-v2: .initContainers[0].runAsUser: Invalid value: 65532: must be in the ranges: [1000680000, 1000689999]]`,
    { by: 'scc', names: [] },
  ],
  [
    'a webhook, Kyverno',
    `Error from server: ${create}admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource Pod/shop/ was blocked due to the following policies \n\nno-caps:\n  adding: 'validation failure: NET_RAW'`,
    { by: 'webhook', names: ['validate.kyverno.svc-fail'], uncalled: false },
  ],
  [
    'a webhook that cannot be called',
    `Error from server (InternalError): ${create}Internal error occurred: failed calling webhook "gate.example.com": failed to call webhook: Post "https://gate.x.svc:443/?timeout=10s": dial tcp 10.96.1.2:443: connect: connection refused`,
    { by: 'webhook', names: ['gate.example.com'], uncalled: true },
  ],
  [
    'validation',
    'The Pod "web-x" is invalid: spec.initContainers[0].name: Duplicate value: "app"',
    { by: 'other', names: [], words: 'spec.initContainers[0].name: Duplicate value: "app"' },
  ],
];

test.each(refusals)('%s', (_name, text, expected) => {
  expect(noAnswerIn(text)).toBeUndefined();
  expect(refusalOf(text)).toMatchObject(expected);
});

const noAnswers: readonly (readonly [string, string, object])[] = [
  [
    'no right to create pods',
    `Error from server (Forbidden): ${create}pods is forbidden: User "bob" cannot create resource "pods" in API group "" in the namespace "shop"`,
    { why: 'you may not create pods in namespace shop', right: 'create pods in namespace shop' },
  ],
  [
    'a webhook with side effects',
    `Error from server (BadRequest): ${create}admission webhook "old.example.com" does not support dry run`,
    { why: 'the admission webhook "old.example.com" does not support dry run' },
  ],
  [
    'a quota that was not counted yet',
    `${forbidden}status unknown for quota: new, resources: requests.cpu`,
    { why: 'status unknown for quota: new, resources: requests.cpu' },
  ],
  [
    'a chain of webhooks that takes too long',
    `Error from server (Timeout): ${create}Timeout: request did not complete within requested timeout - context deadline exceeded`,
    { why: expect.stringContaining('there was no answer in time') },
  ],
];

test.each(noAnswers)('no judgement: %s', (_name, text, expected) => {
  expect(noAnswerIn(text)).toEqual(expected);
});
