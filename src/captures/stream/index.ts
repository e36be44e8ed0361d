export type { StreamEvent } from './streamEvents.ts';
export { captureCommand } from './podCapture.ts';
export { streamPods, windowMs, type StreamOptions, type StreamNames, type StreamResult } from './streamPods.ts';
