import { expect, test } from 'vitest';
import {
  agentMetricsMarkdown,
  alertsMarkdown,
  injectorMetricsMarkdown,
} from '../../../../scripts/docs/metricTables.ts';

test('an alert has words where Prometheus puts values', () => {
  const rules = `captures:
  - alert: Drops
    labels: {severity: warning}
    annotations: {summary: "{{ $labels.namespace }}/{{ $labels.pod }} loses packets"}
injector:
  - alert: Expires
    for: 15m
    labels: {severity: critical}
    annotations: {summary: "It expires in {{ $value | humanizeDuration }}"}
`;
  expect(alertsMarkdown(rules).split('\n').slice(2)).toEqual([
    '| `Drops` | warning | at once | NAMESPACE/POD loses packets |',
    '| `Expires` | critical | 15m | It expires in DURATION |',
  ]);
});

test("a metric of the agent has its labels, also when they are on the call's second line", () => {
  const source = `
	e.Metric("files", Gauge, "Files in the ring.", Value(1))
	e.Metric("dropped_total", Counter, "Dropped packets.",
		labelled("by", "kernel", Value(1)))
`;
  expect(agentMetricsMarkdown(source).split('\n').slice(2)).toEqual([
    '| `files` | gauge | Files in the ring |',
    '| `dropped_total{by}` | counter | Dropped packets |',
  ]);
  expect(() => agentMetricsMarkdown('e.Metric(name, Gauge, help)')).toThrow('has another form');
});

test('metrics of the injector have their labels before their first sample', async () => {
  const table = await injectorMetricsMarkdown();
  expect(table).toContain('| `refused_requests_total{status}` | counter |');
  expect(table).toContain('| `review_duration_seconds{webhook}` | histogram |');
});
