import { Agent, request } from 'node:https';
import fc from 'fast-check';
import { expect } from 'vitest';
import { patienceMs } from '../patience.ts';
import { attacks, realReviews, type Attack } from './attackInputs.ts';
import { judge, type AttackAnswer, type Golden } from './attackOracle.ts';
import { metric, metricsText } from './client.ts';
import { host, type RunningInjector } from './injector.ts';

/** At once, each on a connection of its own. */
const concurrency = 8;

/** An injector under attack. */
export interface Victim {
  readonly injector: RunningInjector;
  readonly ca: string;
}

export interface Tally {
  attacks: number;
  reviews: number;
  injected: number;
  /** By the audit annotation. */
  readonly decisions: Map<string, number>;
  slowestMs: number;
}

/** Sends one attack; an answer that does not come in time is an error. */
async function send(port: number, agent: Agent, { path, body }: Attack): Promise<AttackAnswer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method: 'POST',
      agent,
      timeout: patienceMs,
      headers: { host, 'content-type': 'application/json', 'content-length': body.length },
    };
    const outgoing = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response
        .on('end', () => resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], text }))
        .on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${patienceMs} ms`)));
    outgoing.on('error', reject).end(body);
  });
}

/** A pod that asks for injection, for the webhook of each path. */
function plainReview(path: string): Attack {
  const text =
    path === '/probe'
      ? (realReviews[2] ?? '').replace(
          '"annotations":{',
          '"labels":{"app.kubernetes.io/component":"probe"},"annotations":{',
        )
      : (realReviews[0] ?? '');
  return { path, body: Buffer.from(text) };
}

type Item = Readonly<Record<string, unknown>>;

async function goldenOf(
  port: number,
  agent: Agent,
): Promise<{ readonly golden: Golden; readonly texts: readonly string[] }> {
  const texts: string[] = [];
  const golden = new Map<string, { initContainers: Item[]; volumes: Item[] }>();
  for (const path of ['/inject/privileged', '/inject/baseline', '/probe']) {
    const { text } = await send(port, agent, plainReview(path));
    const { response } = JSON.parse(text) as { response: { patch: string } };
    const operations = JSON.parse(Buffer.from(response.patch, 'base64').toString()) as {
      path: string;
      value: Item | Item[];
    }[];
    const valuesAt = (list: string): Item[] =>
      operations.filter((operation) => operation.path.startsWith(`/spec/${list}`)).flatMap<Item>(({ value }) => value);
    golden.set(path, { initContainers: valuesAt('initContainers'), volumes: valuesAt('volumes') });
    texts.push(text);
  }
  return { golden, texts };
}

/**
 * Attacks an injector `count` times. Fails with the smallest attack that it finds for which there is no answer in time,
 * or one that the API server would refuse, or a pod that it would refuse; for a second injection of the same pod; and
 * when what all others get has changed in the end.
 */
export async function attack({ injector: { port }, ca }: Victim, count: number, seed?: number): Promise<Tally> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency, ca, servername: host });
  const tally: Tally = { attacks: 0, reviews: 0, injected: 0, decisions: new Map(), slowestMs: 0 };
  const { golden, texts } = await goldenOf(port, agent);
  const one = async (sent: Attack): Promise<void> => {
    const from = performance.now();
    const answer = await send(port, agent, sent);
    tally.slowestMs = Math.max(tally.slowestMs, performance.now() - from);
    tally.attacks += 1;
    const { injected, pod, problem } = judge(sent.path, sent.body, answer, golden);
    expect(problem, sent.body.toString('utf8')).toBeUndefined();
    if (answer.status === 200) tally.reviews += 1;
    const reason = /"decision":"(\w+)"/.exec(answer.text)?.[1] ?? `HTTP ${answer.status}`;
    tally.decisions.set(reason, (tally.decisions.get(reason) ?? 0) + 1);
    if (!injected) return;
    tally.injected += 1;
    if (tally.injected % 10 !== 0) return;
    // As a reinvocation: the same webhook is asked about the pod that came out.
    const review = JSON.parse(sent.body.toString('utf8')) as { request: { object: unknown } };
    review.request.object = pod;
    const again = await send(port, agent, { path: sent.path, body: Buffer.from(JSON.stringify(review)) });
    tally.reviews += 1;
    expect(JSON.parse(again.text), sent.body.toString('utf8')).not.toHaveProperty('response.patch');
  };
  const batches = fc.array(attacks, { minLength: concurrency, maxLength: concurrency });
  await fc.assert(
    fc.asyncProperty(batches, async (batch) => {
      await Promise.all(batch.map(one));
    }),
    {
      numRuns: Math.ceil(count / concurrency),
      interruptAfterTimeLimit: 1_500_000,
      markInterruptAsFailure: true,
      ...(seed === undefined ? {} : { seed }),
    },
  );
  expect((await goldenOf(port, agent)).texts).toEqual(texts);
  agent.destroy();
  return tally;
}

/** That nothing of what was sent has got into the log or the metrics, and that nothing failed unseen. */
export async function expectCleanRecords(
  { injector }: Victim,
  labelsBefore: readonly string[],
  reviews: number,
): Promise<void> {
  expect(await metric(injector, 'packet_capture_injector_reviews_in_flight')).toBe(0);
  expect(labelsOf(await metricsText(injector.metricsPort))).toEqual(labelsBefore);
  const dropped = (await metric(injector, 'packet_capture_injector_log_lines_dropped_total')) ?? Number.NaN;
  const logged = (): number => injector.events.filter(({ event }) => event === 'review').length + dropped;
  await expect.poll(logged).toBe(reviews);
  expect([...new Set(injector.events.map(({ event }) => event))].toSorted()).toEqual(['review', 'started']);
}

/** Names and labels of all samples, without what Node says about itself. */
export function labelsOf(metrics: string): string[] {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith('packet_capture_'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')))
    .toSorted();
}
