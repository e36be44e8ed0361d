import { expect, test } from 'vitest';
import { programOf } from '../../../src/kubernetes/programPath.ts';

test.each([
  [undefined, ['kubectl']],
  ['  ', ['kubectl']],
  ['oc', ['oc']],
  ['k3s kubectl', ['k3s', 'kubectl']],
  [' minikube  kubectl -- ', ['minikube', 'kubectl', '--']],
  ['"/opt/my tools/kubectl" --v=0', ['/opt/my tools/kubectl', '--v=0']],
  ["/opt/my' 'tools/kubectl", ['/opt/my tools/kubectl']],
  ['kubectl; rm -rf $HOME', ['kubectl;', 'rm', '-rf', '$HOME']],
])('KUBECTL=%s', (text, words) => {
  expect(programOf('KUBECTL', text, 'kubectl')).toEqual(words);
});

test('a quote that does not end is wrong usage', () => {
  expect(() => programOf('KUBECTL', "'k3s kubectl", 'kubectl')).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('KUBECTL') as string }) as Error,
  );
});
