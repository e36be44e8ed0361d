import { beforeAll, expect, test } from 'vitest';
import { lintFindings } from '../../scripts/audit/lintFindings.ts';
import { capture } from '../../scripts/cluster/command.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureKubeScore } from '../../scripts/cluster/tools.ts';
import { auditObjects, auditSets } from '../support/audit/auditSets.ts';

interface Scored {
  readonly object_name: string;
  readonly type_meta: { readonly kind: string };
  readonly checks: readonly {
    readonly check: { readonly id: string };
    readonly grade: number;
    readonly skipped: boolean;
    readonly comments: readonly { readonly summary: string }[] | null;
  }[];
}

/** Of a check that found nothing. */
const fine = 10;
/** Those that are off by default, and do not contradict another one. */
const optional = ['container-seccomp-profile', 'container-security-context-privileged'];

let program = '';
beforeAll(async () => {
  program = await ensureKubeScore(stderrProgress);
});

/** `CHECK | KIND | what it says` of objects. */
async function findingsIn(objects: readonly object[]): Promise<string[]> {
  const more = optional.flatMap((name) => ['--enable-optional-test', name]);
  const flags = ['--output-format', 'json', '--output-version', 'v2', '--kubernetes-version', 'v1.30', ...more, '-'];
  const input = objects.map((object) => JSON.stringify(object)).join('\n---\n');
  const { stdout, stderr } = await capture([program, 'score', ...flags], { input });
  // null: it knows none of the kinds.
  expect(stdout, stderr).toMatch(/^(\[|null)/);
  return ((JSON.parse(stdout) ?? []) as readonly Scored[]).flatMap(({ type_meta: { kind }, checks }) =>
    checks
      .filter(({ grade, skipped }) => !skipped && grade < fine)
      .flatMap(({ check, comments }) => (comments ?? []).map(({ summary }) => `${check.id} | ${kind} | ${summary}`)),
  );
}

/** Sets with defaults where a finding could be. */
const usual = ['defaults', 'baked', 'high availability', 'targets', 'images', 'observed', 'scaled by load'];
const always = lintFindings.filter(({ values }) => values === undefined);
const linesOf = (findings: typeof lintFindings): string[] =>
  findings.flatMap(({ check, kinds, says }) => kinds.map((kind) => `${check} | ${kind} | ${says}`));
const explained = linesOf(lintFindings);

test('each finding of kube-score has a reason in scripts/audit/lintFindings.ts, and each reason a finding', async () => {
  const found = new Map<string, string>();
  for (const set of await auditSets()) {
    const findings = await findingsIn(await auditObjects(set));
    for (const finding of findings) found.set(finding, set.name);
    if (!usual.includes(set.name)) continue;
    expect(
      findings.filter((finding) => !linesOf(always).includes(finding)),
      set.name,
    ).toEqual([]);
  }
  const unexplained = [...found].filter(([finding]) => !explained.includes(finding));
  expect(unexplained.map(([finding, name]) => `${finding} (${name})`)).toEqual([]);
  expect(explained.filter((finding) => !found.has(finding))).toEqual([]);
});

test('kube-score finds what is wrong in a container', async () => {
  const container = { name: 'app', image: 'app:latest', securityContext: { privileged: true } };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'app' }, spec: { containers: [container] } };
  const found = await findingsIn([pod]);
  for (const check of [
    'container-image-tag',
    'container-resources',
    'container-security-context-privileged',
    'pod-networkpolicy',
  ])
    expect(found.join('\n')).toContain(`${check} | Pod`);
});
