import { additionPatch, type Addition } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { makeValidityCheck, type ValidityCheck } from './validity.ts';
import { patchProblem } from './verifyPatch.ts';

/** A JSON Patch that surely does what it is meant to. */
export interface VerifiedPatch {
  /** JSON. */
  readonly text: string;
  /** The same, as an answer carries it. */
  readonly base64: string;
}

/** A patch, or why it was left out. */
export type PatchOrProblem =
  | { readonly patch: VerifiedPatch; readonly doubt?: never }
  | { readonly doubt: string; readonly patch?: never };

/**
 * The patch that adds to a pod. What it looks like, and whether it applies, depends on which parents the pod has, and
 * on nothing else of it: so it is made for a pod of just these, applied to that and compared, once for each addition.
 * The rest that has to do with the addition (names, mounts, annotations) is looked at in each pod.
 */
export function patchFor(pod: PodTemplate, addition: Addition): PatchOrProblem {
  let known = knowledge.get(addition);
  if (known === undefined) {
    known = {
      check: makeValidityCheck(addition),
      keys: Object.keys(addition.annotations),
      extends: addition.inFront !== undefined,
      patches: new Map(),
    };
    knowledge.set(addition, known);
  }
  const annotations = pod.metadata?.annotations;
  if (annotations != null && known.keys.some((key) => Object.hasOwn(annotations, key)))
    return { doubt: 'it replaces an annotation' };
  const invalid = known.check(pod);
  if (invalid !== undefined) return { doubt: invalid };
  // What comes in front of a value depends on it.
  if (known.extends) return prove(pod, addition);
  const shape = shapeOf(pod);
  let patch = known.patches.get(shape);
  if (patch === undefined) {
    patch = prove(podOfShape(shape), addition);
    known.patches.set(shape, patch);
  }
  return patch;
}

/** What follows from an addition alone. */
interface Knowledge {
  readonly check: ValidityCheck;
  /** Of its annotations. */
  readonly keys: readonly string[];
  /** It changes annotations of the pod. */
  readonly extends: boolean;
  /** By shape. */
  readonly patches: Map<number, PatchOrProblem>;
}

const knowledge = new WeakMap<Addition, Knowledge>();

const parents = ['containers', 'initContainers', 'volumes', 'imagePullSecrets'] as const;

/** Which of the parents that something is added to a pod has, a bit each. */
function shapeOf({ metadata, spec }: PodTemplate): number {
  let shape = metadata == null ? 0 : metadata.annotations == null ? 1 : 3;
  let bit = 4;
  for (const parent of parents) {
    if (spec?.[parent] != null) shape += bit;
    bit *= 2;
  }
  return shape;
}

/** The least pod of a shape. */
function podOfShape(shape: number): PodTemplate {
  const present = parents.filter((_, index) => (shape & (4 << index)) !== 0);
  const metadata = (shape & 2) === 0 ? {} : { annotations: { present: '' } };
  return {
    ...((shape & 1) === 0 ? {} : { metadata }),
    spec: Object.fromEntries(present.map((parent) => [parent, [{ name: 'present' }]])),
  };
}

function prove(pod: PodTemplate, addition: Addition): PatchOrProblem {
  const patch = additionPatch(pod, addition, []);
  const doubt = patchProblem(pod, patch, addition);
  if (doubt !== undefined) return { doubt };
  const text = JSON.stringify(patch);
  return { patch: { text, base64: Buffer.from(text).toString('base64') } };
}
