import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import type { Agent } from '../support/agent/agent.ts';
import { statusWhen } from '../support/agent/agentFiles.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { until } from '../support/agent/until.ts';

const { folder, network, start } = useAgents();
const port = 9464;
const environment = { PACKET_CAPTURE_METRICS_LISTEN: `:${port}` };

/** The answers to a client in the pod, which sends each request on a connection of its own. */
async function inPod(program: string): Promise<string> {
  const [enter = '', ...rest] = network().enterPod;
  const { stdout } = await promisify(execFile)(enter, [
    ...rest,
    process.execPath,
    '--input-type=module',
    '--eval',
    `${client}\n${program}`,
  ]);
  return stdout;
}

/** `ask(text)` sends a text and returns everything that arrives until the server closes or resets. */
const client = `
import { connect } from 'node:net';
const open = () => { const socket = connect(${port}, '127.0.0.1'); socket.on('error', () => undefined); return socket; };
const ask = (text) => new Promise((resolve) => {
  const socket = open();
  let answer = '';
  socket.on('data', (data) => { answer += data; });
  socket.on('close', () => resolve(answer));
  socket.write(text);
});`;

const ask = (request: string): Promise<string> => inPod(`console.log(await ask(${JSON.stringify(request)}))`);
const get = (path: string): Promise<string> => ask(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);

async function listening(agent: Agent): Promise<number> {
  await until('metrics server', async () => (await get('/metrics')).startsWith('HTTP/1.1 200 '));
  return agent.capturing();
}

describe('the metrics', () => {
  test('are the values of the status in the format of Prometheus', async () => {
    const captures = await folder();
    const agent = await start({ captures, environment, settings: { filter: 'udp', stream: 'nowhere' } });
    await agent.next('started');
    await network().send({ count: 321 });
    const status = await statusWhen('with 321 packets', captures, ({ packets }) => packets === 321);
    const answer = await until('metrics', async () => {
      const text = await get('/metrics');
      return text.includes('packet_capture_packets_total 321\n') ? text : undefined;
    });
    const [head = '', body = ''] = answer.trimEnd().split('\r\n\r\n');
    expect(head.split('\r\n')).toEqual(
      expect.arrayContaining(['HTTP/1.1 200 OK', 'Content-Type: text/plain; version=0.0.4; charset=utf-8']),
    );
    expect(head).toContain(`Content-Length: ${body.length + 1}\r\n`);
    const samples = body.split('\n').filter((line) => !line.startsWith('#'));
    expect(samples).toEqual([
      `packet_capture_agent_info{version="${version}"} 1`,
      'packet_capture_packets_total 321',
      `packet_capture_bytes_total ${String(status['bytes'])}`,
      'packet_capture_dropped_packets_total{by="kernel"} 0',
      'packet_capture_dropped_packets_total{by="interface"} 0',
      'packet_capture_dropped_packets_total{by="queue"} 0',
      'packet_capture_files 1',
      'packet_capture_files_limit 8',
      `packet_capture_ring_bytes ${String(status['bytes'])}`,
      'packet_capture_kept_files 0',
      'packet_capture_kept_bytes 0',
      'packet_capture_kept_bytes_limit 67108864',
      'packet_capture_kept_pending_files 0',
      'packet_capture_keeps_total 0',
      'packet_capture_keeps_removed_total 0',
      'packet_capture_keep_left_out_files_total 0',
      'packet_capture_keep_failures_total 0',
      ...['capturing', 'idle', 'waiting', 'invalid', 'stopped'].map(
        (state) => `packet_capture_state{state="${state}"} ${state === 'capturing' ? 1 : 0}`,
      ),
      'packet_capture_setting_invalid{setting="stream"} 1',
    ]);
    for (const sample of samples) {
      const name = /^\w+/.exec(sample)?.[0] ?? '';
      expect(body).toMatch(
        new RegExp(`^# HELP ${name} .*\n# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}\n${name}`, 'm'),
      );
    }
    expect(await agent.stop()).toMatchObject({ code: 0 });
    expect(agent.noise).toEqual([]);
  });

  test('are the only thing that the port serves, for any request', async () => {
    const captures = await folder();
    const agent = await start({ captures, environment, settings: { state: 'idle' } });
    const pid = await listening(agent);
    const [file = ''] = await readdir(captures);
    const paths = [
      '/',
      '/metrics/',
      '/metrics.txt',
      '//metrics',
      '/../metrics',
      '/metrics/../status.json',
      '/metrics%00',
      '/%6detrics',
      '/status.json',
      '/.agent/status.json',
      `/${file}`,
      '/../../etc/passwd',
      '/cgi-bin/sh',
      'http://a/metrics',
      '',
    ];
    const answers = JSON.parse(
      await inPod(`
      const answers = [];
      for (const path of ${JSON.stringify(paths)}) answers.push((await ask('GET ' + path + ' HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n')).split(' ')[1]);
      console.log(JSON.stringify(answers));`),
    ) as string[];
    expect(answers).toEqual(paths.map((path) => (path === '' ? '400' : '404')));
    expect(await ask('POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx')).toMatch(/^HTTP\/1.1 405 /);
    expect((await ask('HEAD /metrics HTTP/1.0\r\n\r\n')).trimEnd()).toMatch(/^HTTP\/1.[01] 200 OK\r\n/);
    expect(await get('/metrics?a=b')).toMatch(/^HTTP\/1.1 200 /);
    // A hundred silent clients, one that sends too much, and one that disconnects must not stop the server.
    const status = await inPod(`
      const silent = Array.from({ length: 100 }, open);
      await ask('GET /' + 'x'.repeat(100_000));
      silent.forEach((socket) => socket.destroy());
      console.log((await ask('GET /metrics HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n')).split(' ')[1]);`);
    expect(status.trim()).toBe('200');
    expect(await listening(agent)).toBe(pid);
    const memory = /^RssAnon:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
    expect(Number(memory)).toBeLessThan(3000);
    expect(await readdir(join(captures, '.agent'))).toEqual(['keep.sock', 'metrics', 'new', 'own.sock', 'status.json']);
  });

  test('are not served without a port, and a port in use is left to its owner', async () => {
    const quiet = await start({ settings: { state: 'idle' } });
    await quiet.next('idle');
    await quiet.alone();
    expect(await inPod(`open().on('error', ({ code }) => console.log(code))`)).toBe('ECONNREFUSED\n');

    const [enter = '', ...rest] = network().enterPod;
    const app = spawn(enter, [
      ...rest,
      process.execPath,
      '--eval',
      `require('net').createServer().listen(${port}, () => console.log('up'))`,
    ]);
    try {
      await once(app.stdout, 'data');
      const agent = await start({ environment, settings: { state: 'idle' } });
      expect(await agent.next('error')).toMatchObject({ reason: `metrics: port ${port} is taken`, retry: '30s' });
      await agent.alone();
      expect(await agent.stop()).toMatchObject({ code: 0 });
    } finally {
      app.kill('SIGKILL');
    }
  });
});
