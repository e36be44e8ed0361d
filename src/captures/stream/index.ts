export type { StreamEvent } from './streamEvents.ts';
export { captureCommand } from './podCapture.ts';
export { streamPods, windowMs, type StreamOptions, type StreamResult } from './streamPods.ts';
