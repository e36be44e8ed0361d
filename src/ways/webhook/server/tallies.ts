import type { Verdict } from '../decide.ts';
import { webhookNames, type WebhookName } from '../names.ts';
import { reasons, type Reason } from '../reviewReasons.ts';

/** Counts one answered review. */
export type CountReview = (webhook: WebhookName, verdict: Pick<Verdict, 'reason'>, seconds: number) => void;

export const webhooks = Object.keys(webhookNames) as readonly WebhookName[];
/** Of durations, in seconds. */
export const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] as const;

/** What was answered through one webhook. */
export interface Tally {
  readonly reasons: Map<Reason, number>;
  /** Reviews by the first bound that they keep to; the last is for those that keep to none. */
  readonly durations: number[];
  seconds: number;
}

export type Tallies = Readonly<Record<WebhookName, Tally>>;

/** Answered reviews and their durations. */
export function countReviews(): { readonly tallies: Tallies; readonly count: CountReview } {
  const tallies = Object.fromEntries(webhooks.map((webhook) => [webhook, newTally()])) as Tallies;
  const count: CountReview = (webhook, { reason }, seconds) => {
    const tally = tallies[webhook];
    tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1);
    let index = 0;
    while (index < bounds.length && seconds > (bounds[index] ?? 0)) index += 1;
    tally.durations[index] = (tally.durations[index] ?? 0) + 1;
    tally.seconds += seconds;
  };
  return { tallies, count };
}

function newTally(): Tally {
  // All reasons from the start: a counter that is absent until its first event cannot be watched.
  return {
    reasons: new Map(reasons.map((reason) => [reason, 0])),
    durations: Array.from({ length: bounds.length + 1 }, () => 0),
    seconds: 0,
  };
}
