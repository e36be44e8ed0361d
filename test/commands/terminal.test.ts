import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentStatus, rules, type Rule } from '../support/kubectl/standIn.ts';
import { patienceMs } from '../support/patience.ts';

interface Said {
  readonly text: string;
  readonly exitCode: number | undefined;
}

/**
 * Control characters that clear the screen, set the title, write the clipboard, change colours (C1), reverse the text,
 * hide text, and forge a line.
 */
const evil =
  '\u001B[2J\u001B]0;pwned\u0007\u001B]52;c;ZXZpbA==\u0007\u009B31m\u202Etxt\u2066\u200B\u2028\u007F\r\nFORGED all is well\n';
const controls = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

/** Fields that are not changed, because the command needs them to continue: kinds and names of objects. */
const structural = new Set([
  'kind',
  'apiVersion',
  'operator',
  'phase',
  'restartPolicy',
  'uid',
  'creationTimestamp',
  'lastTimestamp',
  'minor',
  'policyName',
  'maxSurge',
]);
const names = new Set([
  'packet-capture',
  'packet-capture-files',
  'enabled',
  'true',
  'web',
  'web-abc',
  'web-1',
  'web-2',
  'loose',
  'shop',
  'capture',
  'system',
  'params',
  'certs',
  'certificates',
  'True',
  'False',
  'Ready',
  'Warning',
  'ReplicaFailure',
  'packet-capture/injection',
  'Pod',
  'baseline',
  'capturing',
  'waiting',
  'Container',
]);
/** Quantities and similar texts, and texts that identify a webhook, a condition or a record. */
const kept =
  /^(?:\d.*|.*packet-capture\.internal.*|packet-capture\/(?:opted-in|not-opted-out).*|\{"(?:version|system).*|has\(object.*|packet-capture-.*|argocd-controller|tcp port 80|\/captures\/.*)$/;

function hostile(value: unknown, key = ''): unknown {
  if (key === 'sidecarconfig.yaml') return `agent: {image: ${JSON.stringify(`registry.example/agent:2${evil}`)}}\n`;
  if (typeof value === 'string')
    return structural.has(key) || names.has(value) || kept.test(value) ? value : `${value}${evil}`;
  if (Array.isArray(value)) return value.map((item) => hostile(item, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hostile(item, name)]));
}

function hostileNumbers(value: unknown): unknown {
  if (typeof value === 'number') return evil;
  if (Array.isArray(value)) return value.map(hostileNumbers);
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hostileNumbers(item)]))
    : value;
}

const odd = (rule: Rule): Rule => {
  if (rule.has.includes('exec')) {
    // Numbers too, because the pod writes this file.
    const listing = rule.has.some((part) => part.endsWith('--list'))
      ? `\n100 web-1_20261123100000_00000.pcapng\n100 ${evil}.pcapng\n`
      : '';
    return { ...rule, answer: `${JSON.stringify(hostileNumbers(hostile(agentStatus)))}${listing}` };
  }
  return {
    ...rule,
    answer: typeof rule.answer === 'string' && !rule.has.includes('logs') ? rule.answer : hostile(rule.answer),
  };
};

let folder = '';

/** A shell script that chooses its answer by its arguments. */
async function standIn(name: string, given: readonly Rule[], otherwise: string): Promise<string> {
  const path = join(folder, name);
  const cases = await Promise.all(
    given.map(async ({ has, answer }, index) => {
      await writeFile(`${path}.${index}`, typeof answer === 'string' ? answer : JSON.stringify(answer));
      return `  *${has.map((part) => `'${part}'`).join('*')}*) cat ${path}.${index} ;;`;
    }),
  );
  await writeFile(path, `#!/bin/sh\ncase " $* " in\n${cases.join('\n')}\n  *) ${otherwise} ;;\nesac\n`);
  await chmod(path, 0o755);
  return path;
}

const programs: Record<string, string> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-terminal-'));
  await writeFile(join(folder, 'words'), `Error from server (Forbidden): pods is forbidden: ${evil}`);
  await writeFile(join(folder, 'warning'), `Warning: packet-capture: ${evil}\n`);
  const bad = `cat ${folder}/words >&2; exit 1`;
  programs['kubectl'] = await standIn('kubectl', rules.map(odd), `cat ${folder}/warning >&2`);
  programs['failing'] = await standIn('failing', [rules[0] as Rule], bad);
  programs['helm'] = await standIn('helm', [{ has: ['version'], answer: 'v4.2.4' }], bad);
  const manifest = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'm', namespace: 'shop' },
    spec: { template: { metadata: { labels: { a: 'x' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
  };
  // In YAML and JSON, a text may contain any character by an escape.
  const text = JSON.stringify(hostile(manifest)).replaceAll(
    /[\u007F-\u009F\u200B-\u206F]/g,
    (character) => String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  await writeFile(join(folder, 'manifest.yaml'), text);
  await writeFile(
    join(folder, 'skipped.yaml'),
    text.replace('"template":{', '"template":{"metadata":{"annotations":{"packet-capture/inject":"false"}},"x":{'),
  );
  await writeFile(join(folder, 'broken.yaml'), `a: b\n${text.replace('"kind"', '"kind": :"')}`);
  await mkdir(join(folder, 'here'));
});

afterAll(async () => rm(folder, { recursive: true }));

async function run(args: readonly string[], kubectl: string): Promise<Said> {
  const { stdout, stderr, exitCode } = await execa(
    process.execPath,
    ['bin/packet-capture.js', ...args.map((arg) => arg.replace('FOLDER', folder))],
    {
      reject: false,
      input: '',
      env: {
        KUBECTL: programs[kubectl] ?? '',
        HELM: programs['helm'] ?? '',
        PACKET_CAPTURE_IMAGE: 'registry.example/agent:1',
      },
      timeout: patienceMs,
    },
  );
  // The YAML of inject is data, which is written unchanged.
  const isYaml = args[0] === 'inject' && !args.includes('json') && !args.includes('--dry-run');
  return { exitCode, text: `${isYaml ? stdout.replaceAll(/[\p{Cf}]/gu, '') : stdout}\n${stderr}` };
}

function expectSafe({ text, exitCode }: Said): void {
  expect(text, text).not.toContain('error INTERNAL');
  expect(text, JSON.stringify(text)).not.toMatch(controls);
  expect(text, text).not.toMatch(/^FORGED/m);
  expect(exitCode, text).toBeLessThan(3);
}

const clusterCommands: readonly string[][] = [
  ['status', '-A'],
  ['status', '-A', '-o', 'json'],
  ['status', 'web-1'],
  ['check'],
  ['check', '-n', 'shop'],
  ['check', '-o', 'json'],
  ['why', 'web-1'],
  ['why', 'web-2'],
  ['why', 'deploy/web'],
  ['why', 'web-2', '-o', 'json'],
  ['start', 'web-1', '--filter', 'udp', '--timeout', '1s'],
  ['start', 'deploy/web', '--persist', '--filter', 'udp', '--wait=false'],
  ['stop', '-l', 'app', '--timeout', '1s'],
  ['patch', 'deploy/web', '--wait', '--timeout', '1s'],
  ['patch', 'deploy/web', '--dry-run'],
  ['unpatch', 'deploy/web', '-o', 'json'],
  ['download', 'web-1', '-o', 'FOLDER/here'],
  ['download', 'web-1', '-o', 'FOLDER/here', '-o', 'json'],
  ['download', 'web-1', '-o', 'FOLDER/here', '--last', '10m'],
  ['download', 'web-1', '-o', 'FOLDER/here', '--kept'],
  ['keep', 'web-1', '--timeout', '1s'],
  ['keep', 'web-1', '--dry-run', '-o', 'json'],
  ['stream', 'web-1', '-o', 'FOLDER/stream.pcapng', '--force', '--duration', '1s'],
  ['install', '--yes'],
  ['upgrade', '--yes', '-o', 'json'],
  ['uninstall', '--yes'],
];

describe('no text of others reaches a terminal unescaped', () => {
  test.concurrent.each(clusterCommands)('%s %s %s %s', async (...args) => {
    const said = await run(args, 'kubectl');
    expectSafe(said);
    // The output contains the text in its escaped form.
    const shows = ['status', 'check', 'why', 'install'].includes(args[0] ?? '') || args.includes('--wait');
    expect(said.text).toContain(shows ? String.raw`\u001b[2J` : '');
  });

  test.concurrent.each(clusterCommands)('if kubectl fails: %s %s %s %s', async (...args) => {
    const said = await run(args, 'failing');
    expectSafe(said);
    expect(said.exitCode).toBeGreaterThanOrEqual(args[0] === 'stream' ? 0 : 1);
  });

  test.concurrent.each([
    ['inject', '-f', 'FOLDER/manifest.yaml'],
    ['inject', '-f', 'FOLDER/skipped.yaml', '--dry-run'],
    ['inject', '-f', 'FOLDER/manifest.yaml', '-o', 'patch'],
    ['inject', '-f', 'FOLDER/manifest.yaml', '-o', 'json'],
    ['inject', '-f', 'FOLDER/broken.yaml'],
    ['inject', '-f', `FOLDER/${evil}`],
    ['uninject', '-f', 'FOLDER/manifest.yaml'],
    ['diff', '-f', 'FOLDER/manifest.yaml'],
    ['status', evil],
    ['status', `--${evil}`],
    [evil],
    ['patch', `deploy/${evil}`],
    ['certs', 'inspect', `FOLDER/${evil}`],
    ['stream', 'web-1', '--filter', evil, '-o', 'FOLDER/other.pcapng', '--duration', '1s'],
  ])('texts from manifests, names and flags: %#', async (...args) => {
    const said = await run(args, 'kubectl');
    expectSafe(said);
    expect(said.text).not.toBe('');
  });
});
