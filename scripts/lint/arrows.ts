/** What the files of a folder may import, beside each other. */
export interface Arrows {
  /** Folders of src, or files of it; a folder is named alone, without those inside it. */
  readonly src: readonly string[];
  /** Modules of Node and packages; a type alone may come from anywhere. */
  readonly modules: readonly string[];
}

const core = ['kubernetes/api', 'settings', 'sidecar', 'inject'] as const;
const files = ['node:fs', 'node:fs/promises', 'node:path'] as const;
const timers = 'node:timers/promises';

/**
 * Which folder of src may import what: arrows run downward through this table, so that no folder imports one below it.
 * All may import the files that lie in src itself. A folder that is not in the table is refused, see problems.ts.
 */
export const arrows: Readonly<Record<string, Arrows>> = {
  // The files in src itself: errors, plain text, findings.
  '.': { src: [], modules: [] },

  // Pure: settings and pods in, plain data out.
  settings: { src: [], modules: [] },
  'kubernetes/api': { src: [], modules: [] },
  sidecar: { src: ['settings', 'kubernetes/api'], modules: [] },
  inject: { src: ['settings', 'kubernetes/api', 'sidecar'], modules: [] },
  pcapng: { src: [], modules: [] },
  wireshark: { src: [], modules: ['node:path'] },
  summary: { src: ['pcapng'], modules: [] },
  // Wireshark's protocol for programs that capture for it.
  extcap: { src: ['settings'], modules: [] },
  'ways/manifest/yaml': { src: [], modules: [] },
  'ways/manifest': { src: [...core, 'ways/manifest/yaml'], modules: ['diff', 'yaml'] },
  'ways/policy': { src: core, modules: [] },
  'ways/attach': { src: core, modules: [] },
  certificates: { src: [], modules: ['node:crypto', 'node:util', 'node-forge'] },

  // The program's own files, wherever they are.
  ownFiles: { src: [], modules: [...files, 'node:module', 'node:os', 'node:sea'] },

  // The client: the only folder that starts programs, and of it child.ts alone (see `onlyIn`).
  kubernetes: {
    src: ['kubernetes/api'],
    modules: [...files, timers, 'node:child_process', 'node:crypto', 'node:os', 'node:stream', 'node:util', 'node:v8'],
  },
  dryRun: { src: [...core, 'kubernetes'], modules: [timers, 'node:crypto', 'node:util'] },

  // The ways that ask a cluster, or are asked by it.
  'ways/patch': { src: [...core, 'kubernetes', 'dryRun'], modules: [] },
  'ways/webhook': { src: core, modules: ['fast-json-patch', 'node:https'] },
  'ways/webhook/server': {
    // Of the manifests, just what reads sidecarconfig.yaml.
    src: ['sidecar', 'ways/manifest', 'ways/webhook'],
    modules: [
      ...files,
      timers,
      'node:crypto',
      'node:http',
      'node:https',
      'node:net',
      'node:stream',
      'node:tls',
      'prom-client',
    ],
  },

  // Live pods.
  captures: { src: [...core, 'kubernetes', 'dryRun', 'ways/patch'], modules: [timers] },
  // Of the captures, just how tables and bytes are written.
  'summary/report': { src: ['captures', 'summary'], modules: [] },
  'captures/attach': { src: [...core, 'kubernetes', 'captures', 'ways/attach'], modules: [timers] },
  'captures/names': { src: ['kubernetes/api', 'kubernetes', 'captures', 'pcapng'], modules: [timers] },
  'summary/map': { src: ['summary', 'summary/report'], modules: [] },
  'captures/download': { src: ['kubernetes', 'captures', 'pcapng'], modules: [...files, 'node:crypto'] },
  'captures/keep': {
    src: ['kubernetes/api', 'settings', 'sidecar', 'kubernetes', 'captures', 'captures/download'],
    modules: [timers],
  },
  'captures/stream': { src: ['settings', 'kubernetes', 'captures', 'pcapng'], modules: [timers] },

  // The chart, and its releases.
  'chart/values': { src: ['settings', 'sidecar', 'certificates'], modules: [] },
  chart: {
    src: ['settings', 'sidecar', 'ways/policy', 'ways/webhook', 'chart/values', 'ownFiles'],
    modules: [...files, 'node:path/posix', 'handlebars', 'yaml'],
  },
  'release/hooks': {
    src: [...core, 'kubernetes', 'dryRun', 'ways/webhook'],
    modules: [...files, timers, 'node:https'],
  },
  'release/helm': {
    src: ['sidecar', 'certificates', 'kubernetes', 'ways/webhook', 'chart/values', 'ownFiles'],
    modules: ['node:crypto', 'node:util', 'yaml'],
  },
  'release/plan': { src: [...core, 'certificates', 'kubernetes', 'dryRun', 'release/helm'], modules: ['diff', 'yaml'] },
  'release/report': {
    src: ['settings', 'kubernetes/api', 'kubernetes', 'release/helm', 'release/plan', 'release/hooks'],
    modules: [timers],
  },
  'release/apply': {
    src: [
      'kubernetes/api',
      'certificates',
      'kubernetes',
      'ways/webhook',
      'release/hooks',
      'release/helm',
      'release/plan',
      'release/report',
    ],
    modules: [timers],
  },
  release: { src: ['release/plan', 'release/report', 'release/apply'], modules: [] },

  // What stands in a cluster: read, judge, report.
  'diagnosis/read': {
    src: [...core, 'kubernetes', 'dryRun', 'ways/policy', 'ways/webhook', 'release/hooks'],
    modules: ['yaml'],
  },
  'diagnosis/judge': {
    src: [...core, 'certificates', 'kubernetes', 'dryRun', 'release/hooks', 'diagnosis/read'],
    modules: [],
  },
  'diagnosis/report': { src: ['kubernetes/api', 'diagnosis/read', 'diagnosis/judge'], modules: [] },
  diagnosis: {
    src: ['kubernetes/api', 'kubernetes', 'dryRun', 'inject', 'diagnosis/read', 'diagnosis/judge', 'diagnosis/report'],
    modules: [],
  },

  // The command line.
  'cli/io': {
    src: ['inject', 'ways/manifest'],
    modules: [
      ...files,
      'node:events',
      'node:os',
      'node:readline/promises',
      'node:stream',
      'node:string_decoder',
      'node:util',
      'node:zlib',
    ],
  },
  'cli/flags': {
    src: [...core, 'kubernetes', 'ways/manifest', 'ways/patch', 'captures', 'cli/io'],
    modules: [...files, 'commander', 'yaml'],
  },
  'cli/completion/scripts': { src: ['cli/io'], modules: [] },
  // The commands and flags come from the caller.
  'cli/completion': { src: ['kubernetes', 'cli/io', 'cli/completion/scripts'], modules: files },
  'cli/shared': {
    src: [
      'settings',
      'kubernetes',
      'ways/manifest',
      'ways/patch',
      'captures',
      'captures/keep',
      'captures/attach',
      'captures/stream',
      'captures/names',
      'release',
      'release/helm',
      'ownFiles',
      'cli/io',
      'cli/flags',
    ],
    modules: [timers, 'node:stream/consumers'],
  },
  'cli/commands/certs': { src: ['certificates', 'cli/io'], modules: [...files, 'yaml'] },
  'cli/commands': {
    src: [
      'settings',
      'sidecar',
      'inject',
      'certificates',
      'kubernetes',
      'ways/manifest',
      'ways/patch',
      'ways/policy',
      'ways/webhook',
      'captures',
      'captures/attach',
      'captures/download',
      'captures/stream',
      'pcapng',
      'summary',
      'summary/report',
      'captures/names',
      'summary/map',
      'chart',
      'release',
      'wireshark',
      'extcap',
      'diagnosis',
      'cli/io',
      'cli/flags',
      'cli/completion',
      'cli/shared',
      'cli/commands/certs',
    ],
    modules: [...files, timers, 'commander', 'node:v8', 'yaml'],
  },
  'cli/injector': {
    src: ['settings', 'sidecar', 'ways/webhook', 'ways/webhook/server', 'release/hooks', 'cli/io', 'cli/flags'],
    modules: [timers, 'commander', 'node:os', 'node:v8', 'node:vm'],
  },
  // Called by Wireshark, in place of the commands.
  'cli/extcap': {
    src: [
      'settings',
      'kubernetes',
      'captures',
      'captures/stream',
      'extcap',
      'cli/io',
      'cli/completion',
      'cli/shared',
      'cli/commands',
    ],
    modules: [...files, timers, 'node:net', 'node:util', 'yaml'],
  },
  cli: {
    src: ['extcap', 'cli/io', 'cli/flags', 'cli/completion', 'cli/commands', 'cli/injector', 'cli/extcap'],
    modules: ['commander'],
  },
};

/** Modules that one file alone may import. */
export const onlyIn: Readonly<Record<string, string>> = {
  'node:child_process': 'kubernetes/child.ts',
  'node-forge': 'certificates/forge.ts',
};
