/** A query of Prometheus, and the legend of its lines. */
type Query = readonly [expression: string, legend: string];

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly queries: readonly Query[];
  /** One number for each line instead of a graph. */
  readonly isStat?: true;
}

const captured = '{namespace=~"$namespace", pod=~"$pod"}';
const rate = (metric: string): string => `sum by (namespace, pod) (rate(${metric}${captured}[$__rate_interval]))`;
const each = (metric: string): string => `max by (namespace, pod) (${metric}${captured})`;
const pod = '{{namespace}}/{{pod}}';

const rows: ReadonlyArray<{ readonly title: string; readonly panels: readonly Panel[] }> = [
  {
    title: 'Captured pods',
    panels: [
      {
        title: 'Sidecars by state',
        unit: 'short',
        isStat: true,
        queries: [[`sum by (state) (packet_capture_state${captured})`, '{{state}}']],
      },
      {
        title: 'Invalid settings',
        unit: 'short',
        isStat: true,
        queries: [[`count by (setting) (packet_capture_setting_invalid${captured} == 1) or vector(0)`, '{{setting}}']],
      },
      { title: 'Packets', unit: 'pps', queries: [[rate('packet_capture_packets_total'), pod]] },
      { title: 'Bytes written', unit: 'Bps', queries: [[rate('packet_capture_bytes_total'), pod]] },
      {
        title: 'Dropped packets',
        unit: 'pps',
        queries: [
          [
            `sum by (namespace, pod, by) (rate(packet_capture_dropped_packets_total${captured}[$__rate_interval])) > 0`,
            `${pod} by {{by}}`,
          ],
        ],
      },
      { title: 'Ring', unit: 'bytes', queries: [[each('packet_capture_ring_bytes'), pod]] },
      {
        title: 'Files in the ring',
        unit: 'short',
        queries: [
          [each('packet_capture_files'), pod],
          [each('packet_capture_files_limit'), `${pod}, at most`],
        ],
      },
      {
        title: 'Kept files',
        unit: 'short',
        queries: [
          [each('packet_capture_kept_files'), pod],
          [each('packet_capture_kept_pending_files'), `${pod}, to upload`],
        ],
      },
      {
        title: 'Bytes of kept files',
        unit: 'bytes',
        queries: [
          [each('packet_capture_kept_bytes'), pod],
          [each('packet_capture_kept_bytes_limit'), `${pod}, at most`],
        ],
      },
      {
        title: 'Requests to keep files',
        unit: 'short',
        queries: (
          [
            ['keeps_total', ''],
            ['keeps_removed_total', ' removed for newer ones'],
            ['keep_left_out_files_total', ' files without room'],
            ['keep_failures_total', ' errors'],
          ] as const
        ).map(([name, what]) => [
          `sum by (namespace, pod) (increase(packet_capture_${name}${captured}[$__rate_interval]))`,
          `${pod}${what}`,
        ]),
      },
      {
        title: 'Time since the last error',
        unit: 's',
        queries: [[`time() - ${each('packet_capture_last_error_timestamp_seconds')}`, pod]],
      },
      {
        title: 'Versions',
        unit: 'short',
        isStat: true,
        queries: [[`count by (version) (packet_capture_agent_info${captured})`, '{{version}}']],
      },
    ],
  },
  {
    title: 'Out of the pod',
    panels: [
      { title: 'Files to upload', unit: 'short', queries: [[each('packet_capture_upload_pending_files'), pod]] },
      { title: 'Bytes to upload', unit: 'bytes', queries: [[each('packet_capture_upload_pending_bytes'), pod]] },
      {
        title: 'Uploads',
        unit: 'short',
        queries: [
          [rate('packet_capture_upload_files_total'), `${pod} files/s`],
          [rate('packet_capture_upload_failures_total'), `${pod} failures/s`],
          [rate('packet_capture_upload_lost_files_total'), `${pod} files lost/s`],
        ],
      },
      {
        title: 'Time since the last upload',
        unit: 's',
        queries: [[`time() - ${each('packet_capture_upload_last_success_timestamp_seconds')}`, pod]],
      },
      { title: 'Streams connected', unit: 'short', queries: [[each('packet_capture_stream_connected'), pod]] },
      {
        title: 'Streamed packets',
        unit: 'pps',
        queries: [
          [rate('packet_capture_stream_packets_total'), pod],
          [rate('packet_capture_stream_dropped_packets_total'), `${pod} dropped`],
        ],
      },
      {
        title: 'Connections made by streams',
        unit: 'short',
        queries: [
          [
            `sum by (namespace, pod) (increase(packet_capture_stream_connections_total${captured}[$__rate_interval]))`,
            pod,
          ],
        ],
      },
      { title: 'Mirrors that run', unit: 'short', queries: [[each('packet_capture_mirror_active'), pod]] },
      {
        title: 'Mirrored packets',
        unit: 'pps',
        queries: [
          [rate('packet_capture_mirror_packets_total'), pod],
          [rate('packet_capture_mirror_dropped_packets_total'), `${pod} dropped`],
        ],
      },
      { title: 'Mirrored bytes', unit: 'Bps', queries: [[rate('packet_capture_mirror_bytes_total'), pod]] },
    ],
  },
  {
    title: 'Injector',
    panels: [
      {
        title: 'Reviews',
        unit: 'reqps',
        queries: [
          [
            'sum by (decision, reason) (rate(packet_capture_injector_reviews_total[$__rate_interval]))',
            '{{decision}}: {{reason}}',
          ],
        ],
      },
      {
        title: 'Time of a review, 99 of 100',
        unit: 's',
        queries: [
          [
            'histogram_quantile(0.99, sum by (le) (rate(packet_capture_injector_review_duration_seconds_bucket[$__rate_interval])))',
            'p99',
          ],
        ],
      },
      {
        title: 'Certificate ends in',
        unit: 's',
        isStat: true,
        queries: [['min(packet_capture_injector_certificate_expiry_timestamp_seconds) - time()', '']],
      },
      {
        title: 'Calls that failed open',
        unit: 'short',
        queries: [
          [
            `sum by (name) (increase(apiserver_admission_webhook_fail_open_count{name=~"${webhookNames()}"}[$__rate_interval]))`,
            '{{name}}',
          ],
        ],
      },
    ],
  },
];

/** A regular expression for the webhooks of every release. */
function webhookNames(): string {
  return '([a-z]+[.])?injector[.]packet-capture[.]internal';
}

const datasource = { type: 'prometheus', uid: '${datasource}' };
const columns = 3;
const [width, height] = [24 / columns, 8];

/** The dashboard for Grafana, as JSON with a final newline. */
export function dashboardJson(): string {
  const panels: object[] = [];
  let y = 0;
  for (const { title, panels: inRow } of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    y += 1;
    inRow.forEach((panel, index) => {
      panels.push(
        panelOf(panel, panels.length + 1, {
          x: (index % columns) * width,
          y: y + Math.floor(index / columns) * height,
          w: width,
          h: height,
        }),
      );
    });
    y += Math.ceil(inRow.length / columns) * height;
  }
  return `${JSON.stringify({ ...frame, panels }, null, 1)}\n`;
}

const frame = {
  uid: 'packet-capture',
  title: 'Packet capture',
  tags: ['packet-capture'],
  editable: true,
  schemaVersion: 39,
  timezone: 'browser',
  refresh: '30s',
  time: { from: 'now-1h', to: 'now' },
  templating: {
    list: [
      { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' },
      variable('namespace', 'label_values(packet_capture_agent_info, namespace)'),
      variable('pod', 'label_values(packet_capture_agent_info{namespace=~"$namespace"}, pod)'),
    ],
  },
};

/** A variable of the dashboard: a list to choose from, with everything chosen at first. */
function variable(name: string, query: string): object {
  return {
    name,
    type: 'query',
    datasource,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  };
}

function panelOf({ title, unit, queries, isStat }: Panel, id: number, gridPos: object): object {
  const targets = queries.map(([expr, legendFormat], index) => ({
    refId: String.fromCodePoint(65 + index),
    datasource,
    expr,
    legendFormat,
  }));
  const fieldConfig = { defaults: { unit, min: 0 }, overrides: [] };
  return {
    id,
    type: isStat === true ? 'stat' : 'timeseries',
    title,
    datasource,
    gridPos,
    targets,
    fieldConfig,
    options: {},
  };
}
