import {
  behindText,
  collectPodSecurity,
  fileStart,
  mayEnforce,
  type PodSecurityByNamespace,
} from '../../ways/manifest/index.ts';
import type { Input } from '../io/input.ts';

/**
 * The levels of the Namespace objects in all files, because a workload's namespace may be in another file or after it.
 * @throws YAML_INVALID, MANIFEST_INVALID
 */
export async function podSecurityOf(inputs: readonly Input[]): Promise<PodSecurityByNamespace> {
  const levels: [string, 'privileged' | 'baseline' | 'restricted'][] = [];
  for (const input of inputs) {
    if (!(await mayEnforceAny(input))) continue;
    let origin = fileStart;
    for await (const text of input.texts()) {
      levels.push(...collectPodSecurity(text, input.file, origin));
      origin = behindText(text, input.file, origin);
    }
  }
  return new Map(levels);
}

async function mayEnforceAny(input: Input): Promise<boolean> {
  for await (const text of input.texts()) if (mayEnforce(text)) return true;
  return false;
}
