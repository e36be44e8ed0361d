import { afterAll, beforeAll } from 'vitest';
import { kube, loadImages, namespaceYaml } from './clusterFixture.ts';

/** A namespace for the tests of a file, on a node that has their images; gone after them. Its name. */
export function useNamespace(prefix: string): string {
  // Unlike in any other run on a node that is kept: a namespace takes its time to vanish.
  const namespace = `${prefix}-${Date.now().toString(36)}`;
  beforeAll(async () => {
    await loadImages();
    await kube(['apply', '-f', '-'], namespaceYaml(namespace));
  });
  afterAll(async () => {
    await kube(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=false']);
  });
  return namespace;
}
