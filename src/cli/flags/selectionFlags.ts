import type { Command } from 'commander';
import type { ReadOptions } from '../../ways/manifest/index.ts';
import { collect } from './connectionFlags.ts';

/** The flags that select workloads of manifests. */
export interface SelectionFlags {
  readonly kind?: readonly string[];
  readonly name?: readonly string[];
  readonly selector?: string;
  readonly templatePath?: readonly string[];
}

/** Adds the flags of {@link SelectionFlags}, by which `inject` leaves other workloads unchanged. */
export function addSelectionFlags(command: Command): Command {
  return command
    .option(
      '--kind <KIND>',
      'only workloads of this kind, as kubectl names it: deploy, statefulset; may be repeated',
      collect,
    )
    .option('--name <NAME>', 'only the workload of this name; may be repeated', collect)
    .option('-l, --selector <SELECTOR>', "only workloads with these labels in their metadata: 'app=web,tier!=db'")
    .option(
      '--template-path <GROUP/KIND=PATH>',
      "the pod template of a custom kind, e.g. 'flink.apache.org/FlinkDeployment=spec.podTemplate'; may be repeated",
      collect,
    );
}

/**
 * The options for reading manifests.
 * @throws USAGE
 */
export async function readingOf({
  kind,
  name,
  selector,
  templatePath = [],
}: SelectionFlags): Promise<Pick<ReadOptions, 'kinds' | 'selects'>> {
  const { createKinds, parseSelection, parseTemplateKind } = await import('../../ways/manifest/index.ts');
  const kinds = createKinds(templatePath.map(parseTemplateKind));
  return { kinds, selects: parseSelection({ kinds: kind, names: name, selector }, kinds) };
}
