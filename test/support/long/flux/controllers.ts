import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stderrProgress } from '../../../../scripts/cluster/progress.ts';
import { ensureFlux, fluxCrdFolders } from '../../../../scripts/cluster/tools.ts';
import { until } from '../../agent/until.ts';
import { kube, namespaceYaml } from '../../cluster/clusterFixture.ts';
import { answersOnNode, startOnNode } from '../startOnNode.ts';

/** Where Flux's own objects are. */
export const fluxNamespace = 'flux-system';

/** Flux's source-controller and kustomize-controller on the node. */
export interface Flux {
  /** What kustomize-controller has logged: one JSON object a line. */
  readonly applyLog: () => string;
  readonly sourceLog: () => string;
  /** Ends both and removes Flux's objects and kinds from the cluster. */
  readonly stop: () => Promise<void>;
}

/** @param folder an empty one for the artifacts */
export async function startFlux(folder: string): Promise<Flux> {
  const programs = await ensureFlux(stderrProgress);
  const crds = (await fluxCrdFolders()).flatMap((path) => ['-f', path]);
  await kube(['apply', '--server-side', ...crds]);
  await kube(['wait', ...crds, '--for=condition=Established', '--timeout=240s']);
  await kube(['apply', '-f', '-'], namespaceYaml(fluxNamespace));

  const [storage, temporary] = [join(folder, 'artifacts'), join(folder, 'tmp')];
  for (const path of [storage, temporary]) await mkdir(path, { recursive: true });
  const env = { RUNTIME_NAMESPACE: fluxNamespace, TMPDIR: temporary, HOME: temporary };
  const common = ['--watch-all-namespaces', '--enable-leader-election=false', '--metrics-addr=0'];
  const source = await startOnNode(
    [
      programs['source-controller'],
      ...common,
      '--health-addr=127.0.0.1:9441',
      `--storage-path=${storage}`,
      '--storage-addr=127.0.0.1:9790',
      '--storage-adv-addr=127.0.0.1:9790',
    ],
    env,
  );
  const kustomize = await startOnNode(
    [programs['kustomize-controller'], ...common, '--health-addr=127.0.0.1:9442', '--requeue-dependency=2s'],
    env,
  );
  for (const [port, { said }] of [
    [9441, source],
    [9442, kustomize],
  ] as const)
    await until('controller', async () => answersOnNode(`http://127.0.0.1:${port}/readyz`), { instead: said });

  return {
    applyLog: kustomize.said,
    sourceLog: source.said,
    stop: async () => {
      await Promise.all([source.stop(), kustomize.stop()]);
      await kube(['delete', ...crds, '--ignore-not-found', '--wait=false']);
      await kube(['delete', 'namespace', fluxNamespace, '--ignore-not-found', '--wait=false']);
    },
  };
}
