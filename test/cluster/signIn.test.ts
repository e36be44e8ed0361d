import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { clusterEnvironment } from '../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../scripts/cluster/tools.ts';
import { issueMaterial } from '../../src/certificates/index.ts';

// The real kubectl and the real helm, with an API server of which only the requests count.
let folder = '';
let server: Server;
let seen: IncomingHttpHeaders[] = [];
let programs: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-sign-in-'));
  const { KUBECTL = '' } = await clusterEnvironment(inject('node'));
  programs = { KUBECTL, HELM: await ensureHelm(4, stderrProgress) };
  // Clients send credentials by TLS alone.
  const { certificate: cert, key } = await issueMaterial({ dnsNames: ['localhost'], now: new Date() });
  server = createServer({ cert, key }, (request, response) => {
    seen.push(request.headers);
    const version = { major: '1', minor: '37', gitVersion: 'v1.37.2' };
    const answer =
      request.url?.startsWith('/version') === true
        ? version
        : { kind: 'Status', status: 'Failure', code: 403, reason: 'Forbidden', message: 'no' };
    response
      .writeHead('code' in answer ? 403 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

interface Asked {
  readonly stdout: string;
  readonly code: number | null;
}

/** Runs the program until it ends, or with Ctrl-C once it says something. */
async function run(argv: readonly string[], kubeconfig: string, until?: string): Promise<Asked> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    env: { ...process.env, ...programs, KUBECONFIG: kubeconfig },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let pressed = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (pressed || until === undefined || !stdout.includes(until)) return;
      pressed = true;
      child.stdin.write('\u0003');
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { stdout, code };
}

describe('a credential plugin that asks for a code', () => {
  async function kubeconfig(interactiveMode: string): Promise<string> {
    const file = join(folder, `${interactiveMode}.kubeconfig`);
    const script = "echo 'open https://login.example and enter ABCD-1234' >&2; sleep 600";
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode,
      command: 'sh',
      args: ['-c', script],
    };
    const cluster = { server: 'https://127.0.0.1:1', 'insecure-skip-tls-verify': true };
    await writeFile(
      file,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'c',
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user: { exec } }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
      }),
    );
    return file;
  }

  test.each([
    ['Always', 'status -A'],
    ['IfAvailable', 'check'],
    ['Always', 'patch deploy/web'],
  ])('%s: %s shows it once on a terminal, and Ctrl-C ends all processes', async (mode, command) => {
    const line = `${process.execPath} bin/packet-capture.js ${command}`;
    const begun = performance.now();
    const { stdout, code } = await run(
      ['script', '--quiet', '--return', '--flush', '--command', line, '/dev/null'],
      await kubeconfig(mode),
      'ABCD-1234',
    );
    expect(stdout.split('ABCD-1234')).toHaveLength(2);
    expect(stdout).toContain('error INTERRUPTED');
    expect(code).toBe(130);
    // Not the 600 s of the plugin.
    expect(performance.now() - begun).toBeLessThan(300_000);
  });
});

describe('the user that the API server sees', () => {
  async function kubeconfig(user: object): Promise<string> {
    const file = join(folder, 'user.kubeconfig');
    const { port } = server.address() as AddressInfo;
    await writeFile(
      file,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'c',
        clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
        users: [
          { name: 'u', user },
          { name: 'robot', user: { token: 'of-robot' } },
        ],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      }),
    );
    return file;
  }

  // helm says each group twice, which means the same.
  const groups = (value: string): string => [...new Set(value.split(', '))].join(' ');
  const headers = (): (readonly [string, string, string])[] =>
    seen.map(
      (one) =>
        [
          one['user-agent']?.split('/')[0] ?? '',
          one.authorization ?? '',
          `${String(one['impersonate-user'] ?? '')} ${groups(String(one['impersonate-group'] ?? ''))}`,
        ] as const,
    );

  test.each<[string, string[], object, string, string]>([
    ['impersonation of the kubeconfig', [], { token: 't', as: 'admin', 'as-groups': ['ops'] }, 'Bearer t', 'admin ops'],
    ['--as and --as-group', ['--as', 'jo', '--as-group', 'dev'], { token: 't' }, 'Bearer t', 'jo dev'],
    ['--token', ['--token', 'SECRET'], { token: 't' }, 'Bearer SECRET', ' '],
    ['--user', ['--user', 'robot'], { token: 't' }, 'Bearer of-robot', ' '],
    [
      '--username and --password',
      ['--username', 'a', '--password', 'b'],
      { token: 't' },
      `Basic ${Buffer.from('a:b').toString('base64')}`,
      ' ',
    ],
  ])('%s: the same by kubectl and by helm', async (_, flags, user, authorization, impersonation) => {
    seen = [];
    await run([process.execPath, 'bin/packet-capture.js', 'uninstall', '--yes', ...flags], await kubeconfig(user));
    const programsSeen = headers();
    expect(new Set(programsSeen.map(([agent]) => agent))).toEqual(new Set(['kubectl', 'Helm']));
    for (const [agent, ...identity] of programsSeen)
      expect([agent, ...identity]).toEqual([agent, authorization, impersonation]);
  });
});
