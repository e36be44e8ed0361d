import { drawDiagram, type Arrow, type Diagram } from './diagram.ts';

const question = 'question' as const;
const answer = 'answer' as const;

/** Which of the five ways is for whom. */
const choose: Diagram = {
  size: [880, 408],
  title: 'Choose your way',
  description:
    'To look now into a pod that runs: attach, way 5. To capture in every new pod: if the YAML is yours, write it into ' +
    'the manifest, way 1; if you may change the workload in the cluster, patch it, way 2; if you are the platform ' +
    'team, install the webhook, way 3, or from Kubernetes 1.36 on the policy, way 4.',
  boxes: [
    { at: [310, 20], size: [260, 56], head: 'Now, and without a restart?', look: question },
    { at: [20, 20], size: [190, 56], head: '5  attach', lines: ['to a pod that runs'], look: answer },
    { at: [310, 124], size: [260, 56], head: 'Is the YAML yours?', look: question },
    { at: [20, 124], size: [190, 56], head: '1  manifest', lines: ['written into the YAML'], look: answer },
    { at: [310, 228], size: [260, 56], head: 'One workload, or all teams?', look: question },
    { at: [20, 228], size: [190, 56], head: '2  patch', lines: ['a workload in the cluster'], look: answer },
    {
      at: [310, 332],
      size: [260, 56],
      head: 'Kubernetes 1.36 or later,',
      lines: ['and no server of ours?'],
      look: question,
    },
    { at: [20, 332], size: [190, 56], head: '4  policy', lines: ['the API server adds it'], look: answer },
    { at: [670, 332], size: [190, 56], head: '3  webhook', lines: ['from Kubernetes 1.30 on'], look: answer },
    {
      at: [630, 112],
      size: [230, 80],
      head: 'In all five',
      lines: ['not root, NET_RAW alone,', 'same settings and commands'],
    },
  ],
  arrows: [
    across(310, 48, 210, 'yes'),
    down(440, 76, 124, 'no'),
    across(310, 152, 210, 'yes'),
    down(440, 180, 228, 'no'),
    across(310, 256, 210, 'one'),
    down(440, 284, 332, 'all teams'),
    across(310, 360, 210, 'yes'),
    {
      path: [
        [570, 360],
        [668, 360],
      ],
      word: { text: 'no', at: [608, 352] },
    },
  ],
};

/** What is where, and what goes from where to where. */
const parts: Diagram = {
  size: [880, 330],
  title: 'What is where',
  description:
    'A pod holds the app and, next to it, the agent: both see the same network. Annotations of the pod are the settings ' +
    'of the agent. The agent keeps a ring of pcapng files in a volume of its own. From there packets go to your ' +
    'machine, by stream, download, summary and Wireshark, to a bucket by upload, and to a collector by PCAP over IP or ' +
    'a VXLAN mirror.',
  boxes: [
    { at: [20, 20], size: [470, 290], head: '', look: 'question' },
    { at: [44, 56], size: [170, 80], head: 'the app', lines: ['as it is, not changed'] },
    { at: [296, 64], size: [170, 72], head: 'the agent', lines: ['not root, NET_RAW'], look: answer },
    { at: [296, 214], size: [170, 72], head: 'a ring of files', lines: ['pcapng, of a fixed size'], look: answer },
    { at: [44, 214], size: [170, 72], head: 'annotations', lines: ['filter, snaplen, state …'] },
    {
      at: [640, 20],
      size: [220, 80],
      head: 'your machine',
      lines: ['stream, download, summary,', 'Wireshark'],
      look: 'outside',
    },
    {
      at: [640, 125],
      size: [220, 80],
      head: 'a collector',
      lines: ['PCAP over IP, or VXLAN', 'by the kernel'],
      look: 'outside',
    },
    {
      at: [640, 230],
      size: [220, 80],
      head: 'a bucket',
      lines: ['closed files, checked', 'at the far end'],
      look: 'outside',
    },
  ],
  arrows: [
    {
      path: [
        [214, 84],
        [294, 84],
      ],
      word: { text: 'packets', at: [230, 76] },
    },
    {
      path: [
        [381, 136],
        [381, 212],
      ],
      word: { text: 'writes', at: [390, 180] },
    },
    {
      path: [
        [214, 238],
        [255, 238],
        [255, 120],
        [294, 120],
      ],
      word: { text: 'settings', at: [196, 186] },
    },
    {
      path: [
        [466, 88],
        [560, 88],
        [560, 60],
        [638, 60],
      ],
    },
    {
      path: [
        [466, 112],
        [560, 112],
        [560, 165],
        [638, 165],
      ],
    },
    {
      path: [
        [466, 262],
        [638, 262],
      ],
    },
  ],
};

function across(from: number, y: number, to: number, text: string): Arrow {
  return {
    path: [
      [from, y],
      [to + 2, y],
    ],
    word: { text, at: [(from + to) / 2 - 12, y - 8] },
  };
}

function down(x: number, from: number, to: number, text: string): Arrow {
  return {
    path: [
      [x, from],
      [x, to - 2],
    ],
    word: { text, at: [x + 10, (from + to) / 2 + 5] },
  };
}

/** The diagrams of the documents, by the path of their file from the root of the project. Pure. */
export function diagramFiles(): Map<string, string> {
  return new Map([
    ['docs/start/choose.svg', drawDiagram(choose)],
    ['docs/parts.svg', drawDiagram(parts)],
  ]);
}
