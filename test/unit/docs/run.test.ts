import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandBlocks } from '../../support/site/commandBlocks.ts';
import { typedBlocks, typedWhole } from '../../support/site/typedBlocks.ts';

const root = join(import.meta.dirname, '../../..');
const documents = globSync(['*.md', 'docs/**/*.md', 'agent/*.md', 'chart/*.md', 'scripts/**/*.md'], { cwd: root });

const notRun = 'no test runs it';

/**
 * The blocks that no test types as they are written, by the beginning of a line: the test that does the same in its own
 * words, or why there is none.
 */
const others: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'CONTRIBUTING.md': { 'npm test ': 'CI runs them' },
  'SECURITY.md': {
    'cosign verify --key cosign.pub --insecure-ignore-tlog=true registry.example/team/packet-capture/agent:0.1.0':
      'test/long/publish.test.ts',
    // Word for word.
    'helm install packet-capture "$(npm run': 'test/long/cluster/registryRelease.test.ts',
    'cosign verify --key cosign.pub --insecure-ignore-tlog=true registry.example/team/charts/packet-capture:0.1.0 &&':
      'test/long/cluster/registryRelease.test.ts',
    'npm run -s release -- admission': 'test/long/cluster/registryRelease.test.ts',
    'cosign verify-blob': 'test/long/signedDownloads.test.ts',
  },
  'README.md': {
    'npm ci && npm run demo': 'test/versions/demo.test.ts',
    'npx ./dist': 'test/long/release.test.ts',
    'tar -xzf dist': 'test/long/cluster/bareDebian.test.ts',
    'export PACKET_CAPTURE_IMAGE': 'the tests set it to the image that is built here',
    'kubectl create secret generic packet-capture-upload': 'test/cluster/upload.test.ts',
    'packet-capture why deployment/web -n shop': 'test/cluster/check.test.ts',
    'npm ci && npm test': 'CI runs them',
  },
  'chart/README.md': { 'helm install': 'word for word in docs/chart.md' },
  'docs/attach.md': { 'helm upgrade': notRun },
  'docs/certificates.md': { 'kubectl get secret NAME': notRun },
  'docs/chart.md': {
    'helm install packet-capture ./chart --namespace packet-capture --create-namespace --set injection.way':
      'test/cluster/policy.test.ts',
    'kubectl label namespace packet-capture pod-security': 'test/cluster/chart.test.ts',
    'npm run -s chart': 'test/unit/chart/generated.test.ts',
  },
  'docs/completion.md': { 'packet-capture completion install ': 'test/long/completion.test.ts' },
  'docs/diagnosis.md': { 'packet-capture why web-7d4b9c-x2x5z': 'test/cluster/why.test.ts' },
  'docs/distributions.md': {
    'npx ./packet-capture': 'test/long/release.test.ts',
    'tar -xzf': 'test/long/cluster/bareDebian.test.ts',
    'kubectl krew install': 'test/long/cluster/bareDebian.test.ts',
    'npm run images -- build cli': 'test/long/cluster/cliImage.test.ts',
    'cosign generate-key-pair': 'test/long/publish.test.ts',
  },
  'docs/flight-recorder.md': {
    'packet-capture keep deploy/web': 'test/long/cluster/keep.test.ts',
    'packet-capture download deploy/web --kept ': 'test/cluster/keep.test.ts',
    "kubectl annotate pod web-1 --overwrite packet-capture/keep='10m": 'test/agent/keep.test.ts',
    'curl -X POST': 'test/agent/keep.test.ts',
    'echo ': 'test/agent/keep.test.ts',
  },
  'docs/injector.md': {
    'ec=': 'test/long/cluster/clientCertificate.test.ts',
    'kubectl create configmap': 'test/long/cluster/clientCertificate.test.ts',
  },
  'docs/install.md': {
    'packet-capture install --set': 'test/cluster/install.test.ts',
    'helm rollback': 'test/long/cluster/upgradeFromBefore.test.ts',
  },
  'docs/metrics.md': { 'helm upgrade': notRun },
  'docs/mirror.md': {
    'kubectl -n shop patch': 'test/cluster/mirror.test.ts',
    'tshark -i eth0': notRun,
    'ip link add': notRun,
  },
  'docs/running.md': {
    'packet-capture download deploy/web --last 10m': 'test/cluster/running.test.ts',
    'packet-capture keep deploy/web': 'test/cluster/keep.test.ts',
  },
  'docs/start/README.md': { 'npm run images': 'the tests build the images in this way' },
  'docs/stream-push.md': {
    'kubectl -n shop annotate': 'test/agent/stream.test.ts',
    'nc -l -p 57012 >': notRun,
    socat: notRun,
  },
  'docs/stream.md': { 'packet-capture stream deploy/web |': 'test/cluster/stream.test.ts' },
  'docs/summary.md': { 'packet-capture summary web.pcapng ': 'test/long/summary.test.ts' },
  'docs/upload.md': {
    'kubectl -n shop create secret generic packet-capture-upload --from-file=rclone.conf\n':
      'test/cluster/upload.test.ts',
    'kubectl -n shop create secret generic packet-capture-upload --from-file=rclone.conf --from-file=ca.crt':
      'test/agent/uploadProxy.test.ts',
  },
  'docs/wireshark.md': {
    'packet-capture extcap install': 'test/long/cluster/extcap.test.ts',
    'packet-capture wireshark-profile': 'test/commands/wiresharkProfile.test.ts',
  },
};

/** Output that is shown with its command is quoted from a run. */
function blocksOf(file: string): string[] {
  return commandBlocks(readFileSync(join(root, file), 'utf8'))
    .map(({ text }) => text.replaceAll(/^ +/gm, ''))
    .filter((text) => !/^\$ /m.test(text));
}

test('a test types every block of the documents, or is named that does the same', () => {
  const unknown: string[] = [];
  for (const file of documents.filter((one) => typedWhole[one] === undefined && !one.includes('decisions/')))
    for (const text of blocksOf(file)) {
      const isTyped = typedBlocks.some((block) => block.file === file && text.includes(block.marker));
      const named = Object.keys(others[file] ?? {}).filter((start) => `\n${text}`.includes(`\n${start}`));
      if (Number(isTyped) + named.length !== 1) unknown.push(`${file} (${named.length}): ${text.split('\n', 1)[0]}`);
    }
  expect(unknown).toEqual([]);
});

test('every block that is listed is in its document, once', () => {
  const listed = [
    ...typedBlocks.map(({ file, marker }) => ({ file, holds: (text: string) => text.includes(marker), marker })),
    ...Object.entries(others).flatMap(([file, starts]) =>
      Object.keys(starts).map((marker) => ({
        file,
        holds: (text: string) => `\n${text}`.includes(`\n${marker}`),
        marker,
      })),
    ),
  ];
  const wrong = listed.filter(({ file, holds }) => blocksOf(file).filter(holds).length !== 1);
  expect(wrong.map(({ file, marker }) => `${file}: ${marker}`)).toEqual([]);
});

test('every test that is named for a document exists', () => {
  const named = [...Object.values(typedWhole), ...Object.values(others).flatMap((starts) => Object.values(starts))];
  expect(named.filter((path) => path.startsWith('test/') && !existsSync(join(root, path)))).toEqual([]);
});
