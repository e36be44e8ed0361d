import { parse } from 'yaml';
import { makeMetrics } from '../../src/ways/webhook/server/metrics.ts';
import { code, markdownTable } from './markdownTable.ts';

/** An alert of templates/files/rules.yaml. */
interface Alert {
  readonly alert: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

/** The alerts of the chart (docs/metrics.md). @param rules the text of templates/files/rules.yaml */
export function alertsMarkdown(rules: string): string {
  const groups = parse(rules) as Readonly<Record<string, readonly Alert[]>>;
  const rows = Object.values(groups)
    .flat()
    .map(({ alert, for: time = '', labels, annotations }) => [
      code(alert),
      labels.severity,
      time === '' ? 'at once' : time,
      readable(annotations.summary),
    ]);
  return markdownTable(['alert', 'severity', 'after', 'summary'], rows);
}

/** A template of Prometheus with words in place of its values: `{{ $labels.pod }}` is POD. */
function readable(summary: string): string {
  return summary
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => label.toUpperCase())
    .replaceAll(/\{\{ \$value[^}]*humanizeDuration \}\}/g, 'DURATION');
}

/** The injector's own metrics (docs/injector.md). */
export async function injectorMetricsMarkdown(): Promise<string> {
  const { registry } = makeMetrics();
  // prom-client's types leave out that a metric has the names of its labels.
  const labelNames = registry
    .getMetricsAsArray()
    .map((metric: object) => ('labelNames' in metric ? metric.labelNames : []) as readonly string[]);
  const rows = (await registry.getMetricsAsJSON()).map(({ name, type, help }, index) => {
    const labels = labelNames[index] ?? [];
    const short = name.replace('packet_capture_injector_', '');
    return [code(labels.length === 0 ? short : `${short}{${labels.join(',')}}`), String(type), plain(help)];
  });
  return markdownTable(['name', 'type', 'value'], rows);
}

/**
 * The sidecar's metrics (docs/metrics.md), in the order of the source.
 * @param source Go source that calls Metric of agent/internal/status/metrics.go
 * @throws Error for a call that it cannot read
 */
export function agentMetricsMarkdown(source: string): string {
  const calls = source.split(/\be\.Metric\(/).slice(1);
  const rows = calls.map((call) => {
    const [, name, type, help] = /^"(\w+)", (Counter|Gauge), "([^"]+)"/.exec(call) ?? [];
    if (name === undefined || type === undefined || help === undefined)
      throw new Error(`a metric of the agent has another form: ${call.slice(0, 60)}`);
    const label = /^[^\n]*\n?[^\n]*\blabelled\("(\w+)"/.exec(call)?.[1] ?? elsewhereLabelled[name];
    return [code(name + (label === undefined ? '' : `{${label}}`)), type.toLowerCase(), plain(help)];
  });
  return markdownTable(['name', 'type', 'value'], rows);
}

/** The labels of metrics whose samples the agent makes before it calls Metric. */
const elsewhereLabelled: Readonly<Record<string, string>> = { state: 'state', setting_invalid: 'setting' };

/** A help text without its full stop, since it is a cell. */
function plain(help: string): string {
  return help.replace(/\.$/, '');
}
