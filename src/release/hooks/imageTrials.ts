import { imageProblem, imageRemedy } from '../../dryRun/imageCheck.ts';
import { tryImage, type ImageTrial } from '../../dryRun/imageTrial.ts';
import { trialPlacement } from '../../dryRun/imageTrialPod.ts';
import type { PodProblem } from '../../dryRun/podCheck.ts';
import { codedError } from '../../errors.ts';
import type { Container, PodTemplate } from '../../kubernetes/api/types.ts';
import type { ApiClient } from './apiClient.ts';
import { apiKubectl } from './apiKubectl.ts';
import type { Ending } from './ending.ts';
import type { Report } from './hookReport.ts';

/** What is the same for the trials in all namespaces. */
export interface ImageTrialsOptions {
  readonly api: ApiClient;
  /**
   * The name of the trial pod in every namespace; the Role of the hook grants `get` and `delete` only for this name.
   */
  readonly podName: string;
  /** When all trials must be over, by `performance.now()`. */
  readonly endMs: number;
  readonly ending: Ending;
  readonly report: Report;
}

/** A workload before its opt-in. */
export interface TriedTarget {
  /** `deployment/web in shop`. */
  readonly object: string;
  readonly namespace: string;
  /** The container that captures, as it would be in the pods. */
  readonly container: Container;
  /** A pod as the API server would make it; its service account, pull secrets and node selector are used. */
  readonly like: PodTemplate;
}

/** @returns why the target must not be opted in; undefined when the image starts there, or this is not known */
export type TryTargetImage = (target: TriedTarget) => Promise<PodProblem | undefined>;

/** The limit for one trial. */
const longestSeconds = 60;
/** A shorter trial would show nothing. */
const shortestSeconds = 5;

/**
 * Tests the agent's image before a workload is opted in, with {@link tryImage}: once for all workloads of a namespace
 * whose pods pull it in the same way. After a registry has not answered once, it is not waited for again.
 * @returns throws INTERRUPTED and as tryImage
 */
export function makeImageTrials({ api, podName, endMs, ending, report }: ImageTrialsOptions): TryTargetImage {
  const kubectl = apiKubectl(api, ending.signal);
  const afterwards = apiKubectl(api);
  const done = new Map<string, ImageTrial>();
  const unreachable = new Set<string>();
  const trial = async ({ namespace, container, like }: TriedTarget, timeoutSeconds: number): Promise<ImageTrial> => {
    const { image = '' } = container;
    report({ event: 'trying_image', image, namespace });
    const tell = (line: string): void => report({ event: 'waiting_for_image', reason: line });
    const patience = unreachable.has(image) ? { patienceMs: 0 } : {};
    const options = {
      kubectl,
      afterwards,
      namespace,
      container,
      pullSecrets: [],
      like,
      admitted: true,
      name: podName,
      timeoutSeconds,
    };
    const result = await ending.hold(tryImage({ ...options, ...patience, signal: ending.signal, report: tell }));
    // A hook that is being ended changes nothing more.
    if (ending.signal.aborted)
      throw codedError('INTERRUPTED', `the image ${image} was being tested in namespace ${namespace}`);
    if (result.outcome === 'starts') report({ ...result, event: 'image_starts', image, namespace });
    if (result.outcome === 'fails') unreachable.add(image);
    return result;
  };
  return async (target) => {
    const { object, namespace, container, like } = target;
    const { image = '', imagePullPolicy } = container;
    const spec = like.spec ?? {};
    const key = JSON.stringify([namespace, image, imagePullPolicy, trialPlacement(spec), spec.imagePullSecrets ?? []]);
    const seconds = Math.floor(Math.min(longestSeconds, (endMs - performance.now()) / 1000));
    if (!done.has(key) && seconds < shortestSeconds) return noTime(image, namespace);
    const result = done.get(key) ?? (await trial(target, seconds));
    done.set(key, result);
    if (result.outcome === 'unknown') report({ event: 'image_unknown', object, image, reason: result.why });
    if (result.outcome !== 'fails') return undefined;
    return {
      code: 'IMAGE_UNUSABLE',
      what: imageProblem(image, namespace, result),
      remedy: `${imageRemedy} hooks.force=true opts it in anyway.`,
    };
  };
}

function noTime(image: string, namespace: string): PodProblem {
  return {
    code: 'NOT_INJECTABLE',
    what: `no time is left to test the image ${image} in namespace ${namespace}`,
    remedy:
      'Raise hooks.activeDeadlineSeconds, and run the upgrade again: workloads that are opted in are not tested again.',
  };
}
