import { Counter, type Histogram, type Registry } from 'prom-client';
import type { Verdict } from '../decide.ts';
import type { WebhookName } from '../names.ts';
import { injectedReasons, type Reason } from '../reviewReasons.ts';
import { bounds, webhooks, type Tallies } from './tallies.ts';

/** Answered reviews and their durations. */
export function addReviewMetrics(registry: Registry, prefix: string, tallies: Tallies): void {
  registry.registerMetric(reviewsTotal(`${prefix}reviews_total`, tallies));
  registry.registerMetric(durations(`${prefix}review_duration_seconds`, tallies));
}

function reviewsTotal(name: string, tallies: Tallies): Counter {
  return new Counter({
    name,
    help: 'Reviews that were answered, by webhook, decision and reason.',
    labelNames: ['webhook', 'decision', 'reason'] as const,
    registers: [],
    collect() {
      this.reset();
      for (const webhook of webhooks) {
        for (const [reason, count] of tallies[webhook].reasons)
          this.inc({ webhook, decision: decisionOf(reason), reason }, count);
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
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: { webhook }, value: seconds },
      { metricName: `${name}_count`, labels: { webhook }, value: count },
    ];
  };
  const get = async (): Promise<object> => ({
    name,
    help: 'From the head of a request to its answer.',
    type: 'histogram',
    aggregator: 'sum',
    values: webhooks.flatMap(valuesOf),
  });
  return { name, get } as unknown as Histogram;
}
