import type { DefaultTheme } from 'vitepress';

/** The English pages, by what a reader wants to do. */
export const english: DefaultTheme.Config = {
  nav: [
    { text: 'Start', link: '/start/index.md', activeMatch: '^/start/' },
    { text: 'On call', link: '/guides/on-call.md' },
    { text: 'Platform', link: '/guides/platform.md' },
    { text: 'Security', link: '/security.md' },
    { text: 'Compare', link: '/comparison.md' },
    { text: 'All documents', link: '/documents.md' },
  ],
  sidebar: [
    {
      text: 'Start',
      items: [
        { text: 'What it is', link: '/index.md' },
        { text: 'Choose your way', link: '/start/index.md' },
        { text: 'Way 1: the manifest', link: '/start/manifest.md' },
        { text: 'Way 2: the patch', link: '/start/patch.md' },
        { text: 'Way 3: the webhook', link: '/start/webhook.md' },
        { text: 'Way 4: the policy', link: '/start/policy.md' },
        { text: 'Way 5: attach', link: '/start/attach.md' },
        { text: 'README', link: '/readme.md' },
      ],
    },
    {
      text: 'Guides',
      items: [
        { text: 'On call', link: '/guides/on-call.md' },
        { text: 'Platform team', link: '/guides/platform.md' },
        { text: 'Where it may run', link: '/platforms.md' },
        { text: 'Recipes: Suricata and others', link: '/recipes.md' },
        { text: 'Comparison with other tools', link: '/comparison.md' },
        { text: 'Figures', link: '/figures.md' },
      ],
    },
    {
      text: 'Use a capture',
      collapsed: true,
      items: [
        { text: 'Attach to a running pod', link: '/attach.md' },
        { text: 'Start, stop, watch, download', link: '/running.md' },
        { text: 'Stream live', link: '/stream.md' },
        { text: 'Wireshark', link: '/wireshark.md' },
        { text: 'Summary', link: '/summary.md' },
        { text: 'The minutes before', link: '/flight-recorder.md' },
        { text: 'Upload to a bucket', link: '/upload.md' },
        { text: 'Push to a collector', link: '/stream-push.md' },
        { text: 'Mirror (VXLAN)', link: '/mirror.md' },
      ],
    },
    {
      text: 'Install and operate',
      collapsed: true,
      items: [
        { text: 'Get the program', link: '/distributions.md' },
        { text: 'Install', link: '/install.md' },
        { text: 'Manifests, Helm, kustomize', link: '/manifests.md' },
        { text: 'The chart', link: '/chart.md' },
        { text: 'Flux and Argo CD', link: '/gitops.md' },
        { text: 'Audit of the chart', link: '/audit.md' },
        { text: 'Policy', link: '/policy.md' },
        { text: 'Custom sidecar and limits', link: '/sidecarconfig.md' },
        { text: 'The injector', link: '/injector.md' },
        { text: 'Certificates', link: '/certificates.md' },
        { text: 'Compatibility', link: '/compatibility.md' },
        { text: 'OpenShift', link: '/openshift.md' },
        { text: 'Why and check', link: '/diagnosis.md' },
        { text: 'kubectl, rights, exit codes', link: '/kubectl.md' },
        { text: 'Completion', link: '/completion.md' },
        { text: 'The agent', link: '/agent.md' },
      ],
    },
    {
      text: 'Reference',
      collapsed: true,
      items: [
        { text: 'Commands', link: '/commands.md' },
        { text: 'Settings', link: '/settings.md' },
        { text: 'Errors, skips, findings', link: '/errors.md' },
        { text: 'Metrics and alerts', link: '/metrics.md' },
        { text: 'Values of the chart', link: '/program/chart.md' },
        { text: 'Glossary', link: '/glossary.md' },
      ],
    },
    {
      text: 'Project',
      collapsed: true,
      items: [
        { text: 'Security', link: '/security.md' },
        { text: 'What is new', link: '/changelog.md' },
        { text: 'Contributing', link: '/contributing.md' },
        { text: 'Decisions', link: '/decisions/index.md' },
        { text: 'The agent’s program', link: '/program/agent.md' },
        { text: 'The node of the tests', link: '/program/node.md' },
        { text: 'All documents', link: '/documents.md' },
      ],
    },
  ],
  outline: { level: [2, 3], label: 'On this page' },
};

/** The Chinese pages; the others are English alone. */
export const chinese: DefaultTheme.Config = {
  nav: [
    { text: '首页', link: '/zh/index.md' },
    { text: '快速上手', link: '/zh/quickstart.md' },
    { text: '英文文档', link: '/documents.md' },
  ],
  sidebar: [
    {
      text: '中文',
      items: [
        { text: '项目说明', link: '/zh/index.md' },
        { text: '快速上手', link: '/zh/quickstart.md' },
        { text: '术语表', link: '/glossary.md#chinese-terms' },
      ],
    },
    {
      text: '英文文档',
      items: [
        { text: 'Attach', link: '/attach.md' },
        { text: 'Settings', link: '/settings.md' },
        { text: 'Commands', link: '/commands.md' },
        { text: 'Security', link: '/security.md' },
        { text: 'All documents', link: '/documents.md' },
      ],
    },
  ],
  outline: { level: [2, 3], label: '本页内容' },
  docFooter: { prev: '上一页', next: '下一页' },
  darkModeSwitchLabel: '外观',
  lightModeSwitchTitle: '切换到浅色模式',
  darkModeSwitchTitle: '切换到深色模式',
  sidebarMenuLabel: '菜单',
  returnToTopLabel: '返回顶部',
  langMenuLabel: '切换语言',
};
