import { expect, test } from 'vitest';
import { programName, withProgramName } from '../../../../src/cli/io/programName.ts';

test.each([
  ['/usr/local/bin/packet-capture', 'packet-capture'],
  ['/home/ann/packet-capture/bin/packet-capture.js', 'packet-capture'],
  ['/kubectl-packet_capture/packet-capture', 'packet-capture'],
  ['', 'packet-capture'],
  ['kubectl-packet_capture', 'kubectl packet-capture'],
  ['/root/.krew/bin/kubectl-packet_capture', 'kubectl packet-capture'],
  ['/usr/lib/node_modules/packet-capture/bin/kubectl-packet_capture.js', 'kubectl packet-capture'],
  [String.raw`C:\Users\me\.krew\bin\kubectl-packet_capture.exe`, 'kubectl packet-capture'],
])('started as %s its name is %s', (started, name) => {
  expect(programName(started)).toBe(name);
});

const commands = ['install', 'why', 'chart', 'unpatch', 'patch', 'COMMAND'];
const asPlugin = (text: string): string => withProgramName(text, 'kubectl packet-capture', commands);

test.each([
  ['Run `packet-capture install`.', 'Run `kubectl packet-capture install`.'],
  ['Usage: packet-capture COMMAND [flags]', 'Usage: kubectl packet-capture COMMAND [flags]'],
  [
    'packet-capture unpatch deploy/web && packet-capture patch deploy/web',
    'kubectl packet-capture unpatch deploy/web && kubectl packet-capture patch deploy/web',
  ],
])('the plugin says %s as its user types it', (text, said) => {
  expect(asPlugin(text)).toBe(said);
  expect(asPlugin(said)).toBe(said);
  expect(withProgramName(text, 'packet-capture', commands)).toBe(text);
});

test.each([
  'release packet-capture in namespace packet-capture',
  'helm upgrade packet-capture chart',
  'kubectl logs -n packet-capture why-1',
  'annotation packet-capture/filter',
  'packet-capture patches nothing',
  'packet-capture chart-1.tgz',
])('a name stays a name: %s', (text) => {
  expect(asPlugin(text)).toBe(text);
});
