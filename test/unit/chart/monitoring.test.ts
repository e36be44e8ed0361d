import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { dashboardJson } from '../../../src/chart/dashboard.ts';
import { webhookNames } from '../../../src/ways/webhook/names.ts';
import { makeMetrics } from '../../../src/ways/webhook/server/metrics.ts';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** The API server's own; kube-apiserver has it since 1.24 (kubernetes/kubernetes#107171). */
const foreign = ['apiserver_admission_webhook_fail_open_count'];

/** What the agent adds by `e.Metric("NAME", TYPE`. */
const ofAgent = [...read('agent/internal/status/metrics.go').matchAll(/\be\.Metric\("(\w+)", (?:Gauge|Counter),/g)].map(
  ([, name = '']) => `packet_capture_${name}`,
);

const ofInjector = [...(await makeMetrics().registry.metrics()).matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(
  ([, name = '', type = '']) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => `${name}${end}`) : [name],
);

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<'summary' | 'description', string>>;
}
const rules = load(read('templates/files/rules.yaml')) as Readonly<Record<'captures' | 'injector', readonly Alert[]>>;
const alerts = [...rules.captures, ...rules.injector];

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly targets?: ReadonlyArray<{ readonly expr: string; readonly legendFormat: string }>;
}
const { panels } = JSON.parse(dashboardJson()) as { readonly panels: readonly Panel[] };
const queries = panels.flatMap(({ targets = [] }) => targets);

function namesIn(text: string): string[] {
  return [...new Set(text.match(/\b(?:packet_capture|apiserver)_\w+/g))];
}

test('the metrics of both programs are found', () => {
  expect(ofAgent).toEqual(
    expect.arrayContaining([
      'packet_capture_packets_total',
      'packet_capture_files_limit',
      'packet_capture_last_error_timestamp_seconds',
    ]),
  );
  expect(ofInjector).toEqual(
    expect.arrayContaining([
      'packet_capture_injector_reviews_total',
      'packet_capture_injector_review_duration_seconds_bucket',
    ]),
  );
});

describe.each(alerts)('$alert', ({ expr, labels, annotations }) => {
  test('uses metrics that exist, and says what to do', () => {
    const names = namesIn(expr);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => ![...ofAgent, ...ofInjector, ...foreign].includes(name))).toEqual([]);
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(Object.keys(annotations).toSorted()).toEqual(['description', 'summary']);
    // A label that the expression takes away would be empty in the text.
    const kept = [...expr.matchAll(/\bby \(([^)]*)\)/g)].map(([, list = '']) => list.split(', '));
    const used = [
      ...Object.values(annotations)
        .join(' ')
        .matchAll(/\$labels\.(\w+)/g),
    ].map(([, name = '']) => name);
    for (const name of used)
      expect(
        kept.every((list) => list.includes(name)),
        name,
      ).toBe(true);
  });
});

test('webhooks that fail open are found by their names', () => {
  const [, pattern = ''] =
    /name=~"([^"]+)"/.exec(alerts.find(({ alert }) => alert === 'PacketCaptureWebhookFailsOpen')?.expr ?? '') ?? [];
  for (const name of Object.values(webhookNames)) expect(name).toMatch(new RegExp(`^(?:${pattern})$`));
  expect(dashboardJson()).toContain(JSON.stringify(pattern).slice(1, -1));
});

describe('the dashboard', () => {
  test('uses metrics that exist, and all metrics of the agent', () => {
    const names = namesIn(queries.map(({ expr }) => expr).join('\n'));
    expect(names.filter((name) => ![...ofAgent, ...ofInjector, ...foreign].includes(name))).toEqual([]);
    expect(ofAgent.filter((name) => !names.includes(name))).toEqual([]);
  });

  test('has panels that do not overlap, each with a title and a query', () => {
    const places = panels.map(({ gridPos: { x, y, w, h } }) => ({ left: x, right: x + w, top: y, bottom: y + h }));
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const [index, one] of places.entries()) {
      expect(one.right).toBeLessThanOrEqual(24);
      for (const other of places.slice(0, index)) {
        expect(
          one.left >= other.right || other.left >= one.right || one.top >= other.bottom || other.top >= one.bottom,
        ).toBe(true);
      }
    }
    expect(queries.every(({ expr }) => expr.split('(').length === expr.split(')').length)).toBe(true);
  });
});

test('docs/metrics.md has every metric of the agent and every alert', () => {
  const text = read('docs/metrics.md');
  expect(ofAgent.filter((name) => !text.includes(`\`${name.replace('packet_capture_', '')}`))).toEqual([]);
  expect(alerts.filter(({ alert }) => !text.includes(`\`${alert}\``))).toEqual([]);
});
