import type { SettingValues } from '../../settings/index.ts';
import type { PodName } from '../findPods.ts';

/** Events of a stream. */
export type StreamEvent =
  | { readonly type: 'joined'; readonly pod: PodName }
  | { readonly type: 'left'; readonly pod: PodName; readonly packets: number; readonly dropped: number | undefined }
  /** At the end of the stream: this capture had to be killed, so its last packets are missing. */
  | { readonly type: 'cut'; readonly pod: PodName; readonly reason: string }
  /** Without `retrySeconds` it is not tried again. */
  | { readonly type: 'failed'; readonly pod: PodName; readonly reason: string; readonly retrySeconds?: number }
  /** Its settings were changed, so its capture is restarted. */
  | { readonly type: 'changed'; readonly pod: PodName }
  /** Pods that are not captured because of the limit. Each is named once, until it is captured. */
  | { readonly type: 'left_out'; readonly pods: readonly PodName[] }
  /** There is no pod to capture. */
  | { readonly type: 'waiting'; readonly where: string }
  /** The pods cannot be listed; running captures continue. */
  | { readonly type: 'unreachable'; readonly reason: string }
  /** All packets that the capture of a pod has dropped until now. Only of a stream with `changes`. */
  | { readonly type: 'dropped'; readonly pod: PodName; readonly dropped: number }
  /** The stream's settings were changed while it runs: in so many pods at once, and in others by a restart. */
  | {
      readonly type: 'moved';
      readonly wanted: SettingValues;
      readonly pods: number;
      readonly restarted: number;
    }
  /** A pod does not take the changed settings. With `kept`, none does, and the stream goes on as it was. */
  | { readonly type: 'refused'; readonly pod: PodName; readonly reason: string; readonly kept: boolean }
  /** Once a second. `unbegun`: how many of the pods that were there at first are still waited for. */
  | { readonly type: 'progress'; readonly pods: number; readonly packets: number; readonly unbegun: number };
