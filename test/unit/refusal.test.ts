import { expect, test } from 'vitest';
import { kubectlErrorCode } from '../../src/kubernetes/kubectlError.ts';
import { refusalCode } from '../../src/refusal.ts';
import { helmErrorCode } from '../../src/release/helm/helmError.ts';
import { statusError } from '../../src/release/hooks/apiError.ts';

// Words of API servers 1.31 to 1.37, of OpenShift and of clouds, without what kubectl or helm puts in front of them.
const refusals = [
  ['FORBIDDEN', 'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "shop"'],
  [
    'FORBIDDEN',
    'namespaces "shop" is forbidden: User "system:serviceaccount:a:b" cannot get resource "namespaces" in API group "" at the cluster scope',
  ],
  [
    'FORBIDDEN',
    'users "admin" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope',
  ],
  ['FORBIDDEN', 'forbidden: User "system:anonymous" cannot get path "/api"'],
  [
    'FORBIDDEN',
    'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "a": User does not have access to the resource in Azure.',
  ],
  [
    'POD_SECURITY',
    'pods "web" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "web" must set …)',
  ],
  [
    'ADMISSION_DENIED',
    'pods "web" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=1, limited: pods=1',
  ],
  [
    'ADMISSION_DENIED',
    'pods "web" is forbidden: cpu max limit to request ratio per Container is 4, but provided ratio is 25.000000',
  ],
  [
    'ADMISSION_DENIED',
    'pods "web" is forbidden: unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable by user]',
  ],
  [
    'ADMISSION_DENIED',
    "pods \"web\" is forbidden: ValidatingAdmissionPolicy 'no-caps' with binding 'no-caps' denied request: no capabilities",
  ],
  [
    'ADMISSION_DENIED',
    'admission webhook "validate.kyverno.svc-fail" denied the request: resource Pod/shop/web was blocked',
  ],
  [
    'ADMISSION_DENIED',
    'pods "web" is forbidden: unable to create new content in namespace shop because it is being terminated',
  ],
] as const;

test.each(refusals)('%s: %s', (code, words) => {
  expect(refusalCode(words)).toBe(code);
  expect(kubectlErrorCode(`Error from server (Forbidden): error when creating "STDIN": ${words}`)).toBe(code);
  expect(helmErrorCode(`Error: UPGRADE FAILED: failed to create resource: ${words}`)).toBe(code);
  expect(statusError({ status: 403, text: JSON.stringify({ message: words }), warnings: [] }, 'create pods').code).toBe(
    code,
  );
});

test.each([
  ['FORBIDDEN', 'Error from server (Forbidden): unknown'],
  ['NOT_FOUND', 'Error from server (NotFound): deployments.apps "web" not found'],
  ['KUBECTL_FAILED', 'The Deployment "web" is invalid: spec.replicas: Forbidden: may not be set'],
])('kubectl: %s: %s', (code, words) => {
  expect(kubectlErrorCode(words)).toBe(code);
});

test('an answer 403 without a message is a missing right', () => {
  expect(statusError({ status: 403, text: '<html>', warnings: [] }, 'get x').code).toBe('FORBIDDEN');
});
