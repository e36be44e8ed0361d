import { describe, expect, test } from 'vitest';
import { kubectlErrorCode, kubectlMessage } from '../../../src/kubernetes/kubectlError.ts';

// Words of kubectl 1.32 and 1.37 against real and absent API servers.
const klog =
  'E1122 18:16:54.151367   25788 memcache.go:265] "Unhandled Error" err="couldn\'t get current server API group list: Get \\"http://localhost:8080/api?timeout=32s\\": dial tcp 127.0.0.1:8080: connect: connection refused"';

describe('kubectlErrorCode', () => {
  test.each([
    ['NOT_FOUND', 'Error from server (NotFound): deployments.apps "web" not found'],
    ['NOT_FOUND', 'Error from server (NotFound): namespaces "zz" not found'],
    ['NOT_FOUND', 'error: the server doesn\'t have a resource type "foo"'],
    ['CONFLICT', 'The request is invalid: the server rejected our request due to an error in our request'],
    [
      'CONFLICT',
      'Error from server (Conflict): Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the latest version and try again',
    ],
    [
      'CLUSTER_UNREACHABLE',
      `${klog}\nThe connection to the server localhost:8080 was refused - did you specify the right host or port?`,
    ],
    ['CLUSTER_UNREACHABLE', 'Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout'],
    [
      'CLUSTER_UNREACHABLE',
      'Unable to connect to the server: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    ],
    [
      'CLUSTER_UNREACHABLE',
      'Unable to connect to the server: dial tcp: lookup api.example on 10.0.0.2:53: no such host',
    ],
    [
      'CLUSTER_UNREACHABLE',
      'Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ],
    ['CLUSTER_UNREACHABLE', 'Error in configuration: context was not found for specified context: zz'],
    ['CLUSTER_UNREACHABLE', 'error: context "zz" does not exist'],
    [
      'CLUSTER_UNREACHABLE',
      'Error from server (ServiceUnavailable): the server is currently unable to handle the request',
    ],
    [
      'FORBIDDEN',
      'Error from server (Forbidden): deployments.apps "web" is forbidden: User "bob" cannot get resource "deployments" in API group "apps" in the namespace "a"',
    ],
    ['KUBECTL_FAILED', 'The Deployment "web" is invalid: spec.template.spec.containers[0].name: Invalid value: "A B"'],
    ['KUBECTL_FAILED', 'error: You must be logged in to the server (Unauthorized)'],
    ['KUBECTL_FAILED', ''],
  ] as const)('%s: %s', (code, stderr) => {
    expect(kubectlErrorCode(stderr)).toBe(code);
  });
});

describe('kubectlMessage', () => {
  test('omits the log lines of the client library', () => {
    expect(kubectlMessage(`${klog}\n${klog}\nThe connection to the server localhost:8080 was refused\n`)).toBe(
      'The connection to the server localhost:8080 was refused',
    );
  });

  test('keeps them if there is nothing else', () => {
    expect(kubectlMessage(`${klog}\n`)).toBe(klog);
  });

  test('keeps every line that kubectl writes itself', () => {
    expect(
      kubectlMessage('The Deployment "web" is invalid:\n* spec.a: Required value\n* spec.b: Required value\n'),
    ).toBe('The Deployment "web" is invalid:\n* spec.a: Required value\n* spec.b: Required value');
  });
});
