import { additionPatch, type Addition } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { makeValidityCheck, type ValidityCheck } from './validity.ts';
import { patchProblem } from './verifyPatch.ts';

/** A JSON Patch that was verified, see {@link patchProblem}. */
export interface VerifiedPatch {
  /** The patch as JSON. */
  readonly text: string;
  /** The same in Base64, as an answer contains it. */
  readonly base64: string;
}

/** A patch, or why there is none. */
export type PatchOrProblem =
  | { readonly patch: VerifiedPatch; readonly doubt?: never }
  | { readonly doubt: string; readonly patch?: never };

/**
 * The patch that adds to a pod. Its text, and whether it applies, depend only on which parents the pod has
 * (annotations, lists). So for each addition and set of parents, a patch is made once, for the smallest pod with these
 * parents, and verified. Names, mounts and annotations are checked for each pod.
 */
export function patchFor(pod: PodTemplate, addition: Addition): PatchOrProblem {
  let known = checked.get(addition);
  if (known === undefined) {
    known = {
      check: makeValidityCheck(addition),
      keys: Object.keys(addition.annotations),
      extends: addition.inFront !== undefined,
      patches: new Map(),
    };
    checked.set(addition, known);
  }
  const annotations = pod.metadata?.annotations;
  if (annotations != null && known.keys.some((key) => Object.hasOwn(annotations, key)))
    return { doubt: 'the patch replaces an annotation' };
  const invalid = known.check(pod);
  if (invalid !== undefined) return { doubt: invalid };
  // The new value of an extended annotation depends on the pod.
  if (known.extends) return verify(pod, addition);
  const parents = parentsOf(pod);
  const key = parents.join(' ');
  let patch = known.patches.get(key);
  if (patch === undefined) {
    patch = verify(smallestPod(parents), addition);
    known.patches.set(key, patch);
  }
  return patch;
}

/** What depends only on the addition. */
interface Checked {
  readonly check: ValidityCheck;
  /** The keys of its annotations. */
  readonly keys: readonly string[];
  /** Whether it changes annotations of the pod. */
  readonly extends: boolean;
  /** Patches by the parents of the pod. */
  readonly patches: Map<string, PatchOrProblem>;
}

const checked = new WeakMap<Addition, Checked>();

const lists = ['containers', 'initContainers', 'volumes', 'imagePullSecrets'] as const;

type Parent = 'metadata' | 'annotations' | (typeof lists)[number];

/** The parents that a pod has, of those to which an addition can add. */
function parentsOf({ metadata, spec }: PodTemplate): Parent[] {
  const parents: Parent[] = [];
  if (metadata != null) parents.push('metadata');
  if (metadata?.annotations != null) parents.push('annotations');
  for (const list of lists) if (spec?.[list] != null) parents.push(list);
  return parents;
}

/** The smallest pod with these parents. */
function smallestPod(parents: readonly Parent[]): PodTemplate {
  const metadata = parents.includes('annotations') ? { annotations: { present: '' } } : {};
  const present = lists.filter((list) => parents.includes(list));
  return {
    ...(parents.includes('metadata') ? { metadata } : {}),
    spec: Object.fromEntries(present.map((list) => [list, [{ name: 'present' }]])),
  };
}

/** Makes the patch for a pod and verifies it. */
function verify(pod: PodTemplate, addition: Addition): PatchOrProblem {
  const patch = additionPatch(pod, addition, []);
  const doubt = patchProblem(pod, patch, addition);
  if (doubt !== undefined) return { doubt };
  const text = JSON.stringify(patch);
  return { patch: { text, base64: Buffer.from(text).toString('base64') } };
}
