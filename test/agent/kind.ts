/**
 * Which agent the tests start: the one that is written in Go, or with PACKET_CAPTURE_TEST_AGENT=shell the one of
 * `images/agent`.
 */
export type AgentKind = 'go' | 'shell';

export const agentKind: AgentKind = process.env['PACKET_CAPTURE_TEST_AGENT'] === 'shell' ? 'shell' : 'go';

const commands = {
  go: { 'packet-capture-agent': ['/usr/bin/packet-capture-agent', 'run'], 'packet-capture-mirror': ['/usr/bin/packet-capture-agent', 'mirror'] },
  shell: { 'packet-capture-agent': ['/usr/bin/packet-capture-agent'], 'packet-capture-mirror': ['/usr/bin/packet-capture-mirror'] },
} as const;

/** What the first container of a pod starts, and what the one that mirrors does. */
export const agentCommands: Readonly<Record<keyof (typeof commands)['go'], readonly string[]>> = commands[agentKind];

/** The same of one kind. */
export function commandsOf(kind: AgentKind): typeof agentCommands {
  return commands[kind];
}
