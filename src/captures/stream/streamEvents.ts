import type { PodName } from '../findPods.ts';

/** Events of a stream. */
export type StreamEvent =
  | { readonly type: 'joined'; readonly pod: PodName }
  | { readonly type: 'left'; readonly pod: PodName; readonly packets: number; readonly dropped: number | undefined }
  /** At the end of the stream: this capture had to be killed, so its last packets are missing. */
  | { readonly type: 'cut'; readonly pod: PodName; readonly reason: string }
  | { readonly type: 'failed'; readonly pod: PodName; readonly reason: string; readonly retrySeconds: number }
  /** Its settings were changed, so its capture is restarted. */
  | { readonly type: 'changed'; readonly pod: PodName }
  /** Pods that are not captured because of the limit. Each is named once, until it is captured. */
  | { readonly type: 'left_out'; readonly pods: readonly PodName[] }
  /** There is no pod to capture. */
  | { readonly type: 'waiting'; readonly where: string }
  /** The pods cannot be listed; running captures continue. */
  | { readonly type: 'unreachable'; readonly reason: string }
  /** Once a second. */
  | { readonly type: 'progress'; readonly pods: number; readonly packets: number };
