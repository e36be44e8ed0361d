import { makeKubectl } from '../cluster/index.ts';
import { clusterFlagsOf } from '../cluster/clusterFlags.ts';
import { formatWhy, whyInjected } from '../diagnosis/index.ts';
import type { ConnectionFlags } from './connectionFlags.ts';
import { interruption } from './interruption.ts';
import { print, printJson } from './output.ts';

/** `why`: the explanation to stdout. */
export async function runWhy(target: string, flags: ConnectionFlags & { readonly output?: 'json' }): Promise<void> {
  const { namespace, output } = flags;
  const kubectl = makeKubectl({ ...clusterFlagsOf(flags), namespace, signal: interruption() });
  const result = await whyInjected({ target, kubectl, now: new Date() });
  if (output === 'json') printJson(result);
  else print(formatWhy(result));
  if (result.state !== 'injected' && result.state !== 'would_be_injected') process.exitCode = 1;
}
