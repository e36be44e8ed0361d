import { inject } from 'vitest';
import { kubectl } from '../../../../scripts/cluster/kubectl.ts';
import { pauseImage } from '../../../../scripts/cluster/nodeConfig.ts';

const node = inject('node');

/** What became of pods that were created one after the other, in dry runs. */
export interface Creations {
  readonly injected: number;
  /** Accepted without the sidecar. */
  readonly without: number;
  readonly refused: readonly string[];
}

/** Creates pods that ask for the sidecar, in dry runs, until it is told to end. */
export function createPods(namespace: string): () => Promise<Creations> {
  const pod = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'asks-', namespace, annotations: { 'packet-capture/inject': 'true' } },
    spec: { containers: [{ name: 'app', image: pauseImage }] },
  });
  const end = new AbortController();
  const seen = { injected: 0, without: 0, refused: [] as string[] };
  const creating = (async () => {
    while (!end.signal.aborted) {
      const args = ['create', '--dry-run=server', '-f', '-', '-o', 'jsonpath={.spec.initContainers[*].name}'];
      const { exitCode, stdout, stderr } = await kubectl(node, args, { input: pod });
      if (exitCode !== 0) seen.refused.push(stderr.trim());
      else if (stdout.includes('packet-capture')) seen.injected += 1;
      else seen.without += 1;
    }
  })();
  return async () => {
    end.abort();
    await creating;
    return seen;
  };
}
