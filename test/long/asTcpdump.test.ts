import { beforeAll, expect, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureGoTools, go } from '../support/agent/goTools.ts';

const packets = Number(process.env['PACKET_CAPTURE_COMPARED'] ?? 100_000);

beforeAll(() => ensureGoTools(stderrProgress));

/** The agent's own tests do the same with some thousand packets. */
test(`the agent and tcpdump capture the same ${packets} packets on each kind of link`, async () => {
  const argv = [
    'go',
    'test',
    '-v',
    '-count',
    '1',
    '-timeout',
    '25m',
    '-run',
    'AsTcpdump',
    './internal/capture',
    '-packets',
    String(packets),
  ];
  const { exitCode, stdout, stderr } = await go(argv);
  const of = (what: string): string[] =>
    [...stdout.matchAll(new RegExp(`--- ${what}: (\\S+)`, 'g'))].map(([, name = '']) => name);
  console.log(JSON.stringify({ packets, same: of('PASS'), 'not on this kernel': of('SKIP') }));
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
  expect(of('PASS').length).toBeGreaterThan(20);
});
