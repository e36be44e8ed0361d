import { Counter, type Histogram, type Registry } from 'prom-client';
import type { Verdict } from '../decide.ts';
import { webhookNames, type WebhookName } from '../names.ts';
import { injectedReasons, reasons, type Reason } from '../reasons.ts';

/** Counts one answered review. */
export type CountReview = (webhook: WebhookName, verdict: Pick<Verdict, 'reason'>, seconds: number) => void;

const webhooks = Object.keys(webhookNames) as WebhookName[];
const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] as const;

/** What was answered through one webhook. */
interface Tally {
  readonly reasons: Map<Reason, number>;
  /** Reviews by the first bound that they keep to; the last is for those that keep to none. */
  readonly durations: number[];
  seconds: number;
}

/**
 * Answered reviews and their durations. They are counted in plain numbers, and become metrics when somebody asks for
 * them: it takes the library longer to find the sample of a few labels than the server to decide about a pod.
 */
export function addReviewMetrics(registry: Registry, prefix: string): CountReview {
  const tallies = Object.fromEntries(webhooks.map((webhook) => [webhook, newTally()])) as Readonly<Record<WebhookName, Tally>>;
  registry.registerMetric(reviewsTotal(`${prefix}reviews_total`, tallies));
  registry.registerMetric(durations(`${prefix}review_duration_seconds`, tallies));
  return (webhook, { reason }, seconds) => {
    const tally = tallies[webhook];
    tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1);
    let index = 0;
    while (index < bounds.length && seconds > (bounds[index] ?? 0)) index += 1;
    tally.durations[index] = (tally.durations[index] ?? 0) + 1;
    tally.seconds += seconds;
  };
}

function newTally(): Tally {
  // All reasons from the start: a counter that is absent until its first event cannot be watched.
  return { reasons: new Map(reasons.map((reason) => [reason, 0])), durations: Array.from({ length: bounds.length + 1 }, () => 0), seconds: 0 };
}

type Tallies = Readonly<Record<WebhookName, Tally>>;

function reviewsTotal(name: string, tallies: Tallies): Counter {
  return new Counter({
    name,
    help: 'Reviews that were answered, by webhook, decision and reason.',
    labelNames: ['webhook', 'decision', 'reason'] as const,
    registers: [],
    collect() {
      this.reset();
      for (const webhook of webhooks) {
        for (const [reason, count] of tallies[webhook].reasons) this.inc({ webhook, decision: decisionOf(reason), reason }, count);
      }
    },
  });
}

function decisionOf(reason: Reason): Verdict['decision'] {
  return (injectedReasons as readonly Reason[]).includes(reason) ? 'injected' : 'skipped';
}

/** A histogram of the library takes single observations alone; this is what it hands to the registry. */
function durations(name: string, tallies: Tallies): Histogram {
  const valuesOf = (webhook: WebhookName): object[] => {
    let count = 0;
    const buckets = tallies[webhook].durations.map((value, index) => {
      count += value;
      return { metricName: `${name}_bucket`, labels: { webhook, le: bounds[index] ?? '+Inf' }, value: count };
    });
    const { seconds } = tallies[webhook];
    return [...buckets, { metricName: `${name}_sum`, labels: { webhook }, value: seconds }, { metricName: `${name}_count`, labels: { webhook }, value: count }];
  };
  const get = async (): Promise<object> => ({ name, help: 'From the head of a request to its answer.', type: 'histogram', aggregator: 'sum', values: webhooks.flatMap(valuesOf) });
  return { name, get } as unknown as Histogram;
}
