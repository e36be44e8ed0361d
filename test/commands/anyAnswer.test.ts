import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listFiles } from '../../src/captures/download/listing.ts';
import { findPods, formatStatus, persistSettings, readStatus, updatePods } from '../../src/captures/index.ts';
import { podCapture } from '../../src/captures/stream/podCapture.ts';
import { checkCluster, formatCheck, formatWhy, whyInjected } from '../../src/diagnosis/index.ts';
import { isCodedError } from '../../src/errors.ts';
import type { Kubectl } from '../../src/kubernetes/kubectl.ts';
import { plainJson } from '../../src/plainText.ts';
import { defaultSidecarConfig } from '../../src/sidecar/index.ts';
import { addSidecar } from '../../src/ways/patch/addSidecar.ts';
import { removeSidecar } from '../../src/ways/patch/removeSidecar.ts';
import { kubectlOf, rules, type Rule } from '../support/kubectl/standIn.ts';

const now = new Date('2026-11-23T12:00:00Z');
const report = (): void => undefined;
const change = { target: 'deploy/web', dryRun: false, wait: true, timeoutSeconds: 0, report } as const;
const config = { ...defaultSidecarConfig, agent: { ...defaultSidecarConfig.agent, image: 'registry.example/agent:1' } };

/** Runs each command with a kubectl that returns prepared answers. */
const commands: Readonly<Record<string, (kubectl: Kubectl) => Promise<unknown>>> = {
  status: async (kubectl) =>
    formatStatus((await readStatus(kubectl, { allNamespaces: true })).pods, { namespaces: true, now }),
  check: async (kubectl) => formatCheck(await checkCluster({ kubectl, namespace: undefined, now })),
  'why a pod': async (kubectl) => formatWhy(await whyInjected({ target: 'web-1', kubectl, now })),
  'why another pod': async (kubectl) => formatWhy(await whyInjected({ target: 'web-2', kubectl, now })),
  'why a workload': async (kubectl) => formatWhy(await whyInjected({ target: 'deploy/web', kubectl, now })),
  start: async (kubectl) =>
    updatePods({
      kubectl,
      target: { name: 'web-1' },
      settings: { state: 'running', filter: 'udp', 'file-size': '1Mi' },
      dryRun: false,
      wait: true,
      timeoutSeconds: 0,
      report,
    }),
  stop: async (kubectl) =>
    updatePods({
      kubectl,
      target: { selector: 'app' },
      settings: { state: 'idle' },
      dryRun: false,
      wait: false,
      timeoutSeconds: 0,
      report,
    }),
  persist: async (kubectl) =>
    persistSettings({ kubectl, target: 'deploy/web', settings: { filter: 'udp' }, dryRun: false, report }),
  patch: async (kubectl) => addSidecar({ ...change, kubectl, config, settings: {} }),
  unpatch: async (kubectl) => removeSidecar({ ...change, kubectl, config }),
  'download and stream': async (kubectl) => {
    const { captured } = await findPods(kubectl, { name: 'service/web' });
    for (const pod of captured) {
      await listFiles(kubectl, pod);
      podCapture(pod, {});
    }
  },
};

/** The path of keys to every value. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => placesIn(item, [...path, key]))];
}

function changed(value: unknown, path: readonly string[], replacement: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
  if (rest.length === 0 && replacement === undefined) delete copy[key];
  else copy[key] = changed(copy[key], rest, replacement);
  return copy;
}

const places = rules.flatMap(({ answer }, rule) =>
  typeof answer === 'string' ? [] : placesIn(answer).map((path) => ({ rule, path })),
);
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    5,
    -1,
    1.5,
    1e308,
    true,
    '',
    'x'.repeat(300_000),
    '\u001B[2J\u202E\n',
    [],
    {},
    [null],
    [5],
    [[]],
    [{}],
    { name: 5 },
    { a: 5 },
    { length: 3 },
    'true',
    '1',
    '{',
    '-1Mi',
    '99999999999999999999',
  ),
  fc.jsonValue(),
);

async function outcome(run: (kubectl: Kubectl) => Promise<unknown>, given: readonly Rule[]): Promise<unknown> {
  try {
    return await run(kubectlOf(given));
  } catch (error) {
    if (isCodedError(error)) return error.code;
    throw error;
  }
}

describe.each(Object.entries(commands))('%s', (_, run) => {
  test('succeeds with valid answers', async () => {
    const result = await outcome(run, rules);
    // The workload of this kubectl never becomes ready.
    expect(typeof result === 'string' ? result : 'ROLLOUT_FAILED').toBe('ROLLOUT_FAILED');
  });

  test('never fails with an internal error, whatever value is anywhere in an answer', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...places), odd), { minLength: 1, maxLength: 3 }),
        async (changes) => {
          const given = changes.reduce<readonly Rule[]>(
            (before, [{ rule, path }, value]) =>
              before.map((one, index) =>
                index === rule && placesIn(one.answer).some((place) => place.join('/') === path.join('/'))
                  ? { ...one, answer: changed(one.answer, path, value) }
                  : one,
              ),
            rules,
          );
          expect(plainJson((await outcome(run, given)) ?? null)).not.toBe('');
        },
      ),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 60) },
    );
  });
});

test('only a few files parse JSON from other programs, and each checks its type', () => {
  const root = join(import.meta.dirname, '../../src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('ways/webhook/'),
  );
  const parsing = files.filter((file) => readFileSync(join(root, file), 'utf8').includes('JSON.parse'));
  expect(parsing.toSorted()).toEqual([
    // Except for the chart's arguments and helm's report of what it has just done.
    'cli/injector/optIn.ts',
    'release/helm/helmUpgrade.ts',
    'release/hooks/apiClient.ts',
    'release/hooks/apiError.ts',
    'release/hooks/apiKubectl.ts',
    'release/hooks/ownership.ts',
    'release/hooks/parseTargets.ts',
    'release/hooks/record.ts',
    'sidecar/statusAnnotation.ts',
    'typed.ts',
  ]);
});

test('an answer that is not a JSON object is an error with a code', async () => {
  for (const [name, run] of Object.entries(commands)) {
    for (const text of ['', '5', 'null', '"x"', '[]', '{', '{}', '{"items":5}', '{"items":[null,5,{}]}', '\u001B[2J']) {
      const result = await outcome(
        run,
        rules.map((rule) => (typeof rule.answer === 'string' ? rule : { ...rule, answer: text })),
      );
      expect(result, `${name}: ${text}`).toBeDefined();
    }
  }
});
