import { once } from 'node:events';
import { request, type Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CertificateMaterial } from '../../src/certificates/index.ts';
import { call, keepAliveAgent, responseOf } from '../support/webhook/client.ts';
import {
  host,
  makeMounts,
  newCertificates,
  startInjector,
  type Mounts,
  type RunningInjector,
} from '../support/webhook/injector.ts';
import { bodyOf, podOf } from '../support/webhook/samples.ts';

let material: CertificateMaterial;
let mounts: Mounts;
beforeAll(async () => {
  material = await newCertificates();
  mounts = await makeMounts(material);
});
afterAll(async () => {
  await Promise.all([mounts.config.remove(), mounts.certificates.remove()]);
});

interface Tally {
  readonly answers: Map<RunningInjector, number>;
  readonly failures: unknown[];
}

/** A client that sends continuously to the present `target`, over connections that it keeps open. */
async function sendWhile(
  isOn: () => boolean,
  target: () => RunningInjector,
  { answers, failures }: Tally,
): Promise<void> {
  const agents = new Map<RunningInjector, Agent>();
  while (isOn()) {
    const injector = target();
    const agent = agents.get(injector) ?? keepAliveAgent(material.caBundle);
    agents.set(injector, agent);
    try {
      const { patch } = responseOf(await call(injector.port, material.caBundle, { body: bodyOf(podOf()), agent }));
      if (patch === undefined) failures.push('not injected');
      answers.set(injector, (answers.get(injector) ?? 0) + 1);
    } catch (error) {
      failures.push(error);
    }
    await sleep(5);
  }
  for (const agent of agents.values()) agent.destroy();
}

describe('after SIGTERM', () => {
  test('no request fails while a Service moves from one instance to the next', async () => {
    const old = await startInjector(mounts, ['--drain', '4s']);
    const next = await startInjector(mounts);
    let endpoint = old;
    let on = true;
    const tally: Tally = { answers: new Map(), failures: [] };
    const clients = Array.from({ length: 4 }, () =>
      sendWhile(
        () => on,
        () => endpoint,
        tally,
      ),
    );
    await sleep(500);

    old.process.kill('SIGTERM');
    await old.event('draining');
    const ready = await call(old.port, material.caBundle, { method: 'GET', path: '/readyz' });
    expect(ready).toMatchObject({ status: 503, text: 'draining: the server is stopping\n' });
    expect((await call(old.port, material.caBundle, { method: 'GET', path: '/healthz' })).status).toBe(200);
    const late = await call(old.port, material.caBundle, {
      body: bodyOf(podOf()),
      agent: keepAliveAgent(material.caBundle),
    });
    expect(late.headers.connection).toBe('close');
    // kube-proxy is notified a little later.
    const answered = tally.answers.get(old) ?? 0;
    await expect.poll(() => tally.answers.get(old)).toBeGreaterThan(answered);
    endpoint = next;
    const [code] = (await once(old.process, 'exit')) as [number | null];
    await expect.poll(() => tally.answers.get(next)).toBeGreaterThan(0);
    on = false;
    await Promise.all(clients);

    expect(tally.failures).toEqual([]);
    expect(code).toBe(0);
    expect(old.events.at(-1)).toMatchObject({ event: 'stopped' });
    expect(await next.stop()).toBe(0);
  });

  test('a review that is being sent at the end of the drain is still answered', async () => {
    const injector = await startInjector(mounts, ['--drain', '1s']);
    const body = bodyOf(podOf());
    const outgoing = request({
      host: '127.0.0.1',
      port: injector.port,
      method: 'POST',
      path: '/inject/privileged',
      ca: material.caBundle,
      servername: host,
      agent: false,
      headers: { host, 'content-length': body.length },
    });
    outgoing.write(body.slice(0, 100));
    const [socket] = (await once(outgoing, 'socket')) as [TLSSocket];
    await once(socket, 'secureConnect');
    await sleep(200);
    injector.process.kill('SIGTERM');
    await injector.event('draining');
    await sleep(1500);
    outgoing.end(body.slice(100));
    const [response] = (await once(outgoing, 'response')) as [{ statusCode: number; resume: () => void }];
    response.resume();
    expect(response.statusCode).toBe(200);
    const [code] =
      injector.process.exitCode === null
        ? ((await once(injector.process, 'exit')) as [number | null])
        : [injector.process.exitCode];
    expect(code).toBe(0);
  });

  test('idle connections do not delay the end', async () => {
    const injector = await startInjector(mounts);
    const agent = keepAliveAgent(material.caBundle);
    await call(injector.port, material.caBundle, { body: bodyOf(podOf()), agent });
    const from = performance.now();
    expect(await injector.stop()).toBe(0);
    // Such a connection stays open for two minutes.
    expect(performance.now() - from).toBeLessThan(60_000);
    agent.destroy();
  });
});
