import type { PodName } from '../pods.ts';

/** What happens while pods are streamed. */
export type StreamEvent =
  | { readonly type: 'joined'; readonly pod: PodName }
  | { readonly type: 'left'; readonly pod: PodName; readonly packets: number; readonly dropped: number | undefined }
  /** At the end of all: this one did not end by itself, and its last packets are missing. */
  | { readonly type: 'cut'; readonly pod: PodName; readonly reason: string }
  | { readonly type: 'failed'; readonly pod: PodName; readonly reason: string; readonly retrySeconds: number }
  /** Its settings were changed: its capture ends, and begins again with the new ones. */
  | { readonly type: 'changed'; readonly pod: PodName }
  /** These are not captured, since as many others are as may be at a time. Each is named once, until it is captured. */
  | { readonly type: 'left_out'; readonly pods: readonly PodName[] }
  /** There is no pod to capture in. */
  | { readonly type: 'waiting'; readonly where: string }
  /** The pods cannot be listed; the captures that run go on. */
  | { readonly type: 'unreachable'; readonly reason: string }
  /** Once a second. */
  | { readonly type: 'progress'; readonly pods: number; readonly packets: number };
