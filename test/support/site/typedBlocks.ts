/** A block of a document that a test types into a shell: the one of its blocks that has `marker`. */
export interface TypedBlock {
  readonly file: string;
  readonly marker: string;
  /** What its reader has done before, in the shell. */
  readonly before?: string;
  /** What takes it away. */
  readonly after?: string;
  /** What its reader has in place of these words, because it is of the reader's own. */
  readonly own?: Readonly<Record<string, string>>;
}

const readme = 'README.md';
const capture = 'packet-capture patch deployment/web --wait';
const helmUninstall = 'helm uninstall packet-capture -n packet-capture --wait';
const uninstall = 'packet-capture uninstall --yes';
/** The app of the test answers at port 80 alone. */
const port = { 'tcp port 443': 'tcp port 80' };
const port443 = { "'port 443'": "'port 80'" };
/** The name of a pod that has the sidecar. */
const captured = "$(kubectl get pods -l app=web -o jsonpath='{.items[0].metadata.name}')";

/** What test/long/cluster/documents.test.ts types, where it can reach a cluster. */
export const typedBlocks: readonly TypedBlock[] = [
  { file: readme, marker: "patch deployment/web --filter 'tcp port 80' --wait " },
  { file: readme, marker: 'inject -f app.yaml' },
  { file: readme, marker: 'unpatch deployment/nginx-deployment' },
  { file: readme, marker: 'kubectl label namespace shop packet-capture/injection=enabled', after: helmUninstall },
  { file: readme, marker: 'upgrade --rotate-certs', own: { 'image.tag=0.1.1': 'image.tag=0.1.0' } },
  { file: readme, marker: 'injection.way=policy', after: helmUninstall },
  { file: readme, marker: "--reason 'INC-4711'" },
  { file: readme, marker: 'wireshark-profile --install', before: capture, own: port },
  { file: 'docs/agent.md', marker: 'ls -l /captures', before: capture, own: { 'web-1': captured, ...port443 } },
  { file: 'docs/agent.md', marker: '.agent/status.json', before: capture, own: { 'web-1': captured } },
  { file: 'docs/agent.md', marker: 'packet-capture-agent set', before: 'packet-capture attach web-1' },
  { file: 'docs/attach.md', marker: 'attach deploy/web --dry-run', own: port },
  { file: 'docs/certificates.md', marker: 'certs rotate certs' },
  { file: 'docs/chart.md', marker: 'helm test packet-capture ', after: helmUninstall },
  {
    file: 'docs/chart.md',
    marker: 'sidecar-injector-webhook',
    after: `${helmUninstall}\nkubectl label namespace default sidecar-injector-`,
  },
  { file: 'docs/gitops.md', marker: 'packet-capture/opted-in-by-' },
  { file: 'docs/guides/on-call.md', marker: 'INC-4711' },
  { file: 'docs/guides/platform.md', marker: 'check', own: { 'npm run images -- build': ':' }, after: uninstall },
  { file: 'docs/install.md', marker: 'scripts/install.ts', after: uninstall },
  { file: 'docs/policy.md', marker: 'kubectl label', after: 'packet-capture policy | kubectl delete -f -' },
  { file: 'docs/running.md', marker: 'status deploy/web --watch', before: capture, own: port },
  { file: 'docs/settings.md', marker: 'packet-capture/refresh', before: capture, own: { 'web-1': captured } },
  { file: 'docs/settings.md', marker: 'packet-capture/state=idle', before: capture, own: { 'web-1': captured } },
];

/** The documents of whose blocks a test of their own takes care, and that test. */
export const typedWhole: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['attach', 'manifest', 'patch', 'policy', 'webhook'].map((page) => [
      `docs/start/${page}.md`,
      'test/long/cluster/quickstart.test.ts',
    ]),
  ),
  'docs/audit.md': 'test/chart/audit.test.ts',
  'docs/gitops.md': 'test/chart/argo.test.ts',
  'docs/recipes.md': 'test/long/recipes.test.ts',
  // Word for word what the English ones have.
  'README.zh.md': 'test/unit/docs/chinese.test.ts',
  'docs/zh/quickstart.md': 'test/unit/docs/chinese.test.ts',
};
