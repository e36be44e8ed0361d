import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { clusterEnvironment } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import { dryRunPods, type PodVerdict } from '../../../src/dryRun/index.ts';
import { planInjection, withAddition } from '../../../src/inject/index.ts';
import type { WorkloadObject, PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { makeKubectl, type Kubectl } from '../../../src/kubernetes/kubectl.ts';
import { defaultAgent, defaultSidecarConfig } from '../../../src/sidecar/index.ts';

/** A kubectl of this process that reaches the node, for the tests of a file. @param flags of kubectl: `--as=bob` */
export function useKubectl(): (...flags: readonly string[]) => Kubectl {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'packet-capture-test-'));
    const node = inject('node');
    const { KUBECTL: kubectl = '' } = await clusterEnvironment(node);
    const argv = inNetns(node.netns, [kubectl, `--kubeconfig=${node.kubeconfig}`]);
    const program = `#!/bin/sh\nexec ${argv.map((part) => `'${part}'`).join(' ')} "$@"\n`;
    await writeFile(join(folder, 'kubectl'), program, { mode: 0o700 });
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  return (...flags) => {
    const kubectl = makeKubectl({ program: join(folder, 'kubectl') });
    return async (args, call) => kubectl([...args, ...flags], call);
  };
}

/** A Deployment of pods that no node takes. */
export function deploymentOf(
  namespace: string,
  name: string,
  spec: NonNullable<PodTemplate['spec']>,
  rest: object = {},
): WorkloadObject {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { nodeSelector: { 'test/nowhere': 'true' }, ...spec } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: { selector: { matchLabels: labels }, template, ...rest } as NonNullable<WorkloadObject['spec']>,
  };
}

export function templateOf(object: WorkloadObject): PodTemplate {
  return (object.spec as { readonly template?: PodTemplate } | undefined)?.template ?? {};
}

/** The template with the agent's sidecar, as the ways add it. */
export function carrying(template: PodTemplate, image = defaultAgent.image): PodTemplate {
  const config = { ...defaultSidecarConfig, agent: { ...defaultAgent, image } };
  const plan = planInjection(template, { config, settings: {}, podSecurity: 'privileged' });
  if (!plan.inject) throw new Error(plan.reason);
  return withAddition(template, plan.addition);
}

export async function verdictOf(kubectl: Kubectl, object: WorkloadObject): Promise<PodVerdict> {
  const without = templateOf(object);
  return dryRunPods({ kubectl, namespace: object.metadata.namespace ?? '', object, without, with: carrying(without) });
}
