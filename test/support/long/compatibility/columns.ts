import { expect } from 'vitest';
import { pauseImage } from '../../../../scripts/cluster/nodeConfig.ts';
import { kube } from '../../cluster/clusterFixture.ts';
import type { Refusal } from '../../cluster/installFixture.ts';
import { accountOf, inForce, listOf, outOfForce } from '../../cluster/policyFixture.ts';
import {
  advice,
  changedCell,
  checkCell,
  errorCell,
  errorsAt,
  errorText,
  hookCell,
  hookLine,
  installCell,
  textOf,
  whyCell,
} from './cells.ts';
import {
  appAfter,
  at,
  check,
  each,
  helmInstall,
  namespaceLabel,
  optInByHand,
  ours,
  reset,
  uninstall,
  valueFlags,
  why,
  type Cell,
} from './compatibilityFixture.ts';
import { appOf, type AgentImage, type Row } from './rows.ts';

export const columns = ['manifest', 'patch', 'install', 'webhook', 'why', 'check', 'policy', 'advice'] as const;
export type Column = (typeof columns)[number];
/** Takes down one cell of the table. */
export type Put = (site: Cell, column: Column, cell: string) => void;

const unchanged = { end: 'runs', injected: 0 };

function imageFlags({ image }: Row): string[] {
  return image === undefined
    ? []
    : ['--image', `${image.registry}/${image.repository}:${image.tag}`, '--image-pull-policy', image.pullPolicy];
}

/** The sites of one image of the agent: a release has one. */
function byImage(sites: readonly Cell[]): [AgentImage | undefined, Cell[]][] {
  return [...Map.groupBy(sites, ({ row }) => row.image).entries()];
}

/** What asks nobody before the change: with `Recreate` there is no pod left to count. */
function asking(sites: readonly Cell[], put: Put, unasked: readonly Column[]): Cell[] {
  const [recreated = [], others = []] = [true, false].map((wanted) =>
    sites.filter(({ row }) => (row.recreate === true) === wanted),
  );
  for (const site of recreated) for (const column of unasked) put(site, column, 'not run');
  return others;
}

/** `inject | kubectl apply`, as a new version of the running app: nobody is asked before. */
export async function manifestColumn(sites: readonly Cell[], put: Put): Promise<void> {
  await each(asking(sites, put, ['manifest']), async (site) => {
    const { row, namespace } = site;
    const { exitCode, stdout, stderr } = await ours(
      ['inject', '-f', '-', ...imageFlags(row)],
      JSON.stringify(appOf(row, namespace)),
    );
    expect(exitCode, stderr).toBe(0);
    await kube(['apply', '-f', '-'], stdout);
    put(site, 'manifest', changedCell('applied', await appAfter(site)));
    await reset(site);
  });
}

export async function patchColumn(sites: readonly Cell[], put: Put): Promise<void> {
  await each(sites, async (site) => {
    const { exitCode, stderr } = await ours([
      'patch',
      'deploy/web',
      '-n',
      site.namespace,
      '-o',
      'json',
      ...imageFlags(site.row),
    ]);
    const state = await appAfter(site);
    put(site, 'patch', exitCode === 0 ? changedCell('patched', state) : errorCell(stderr));
    put(site, 'advice', exitCode === 0 ? '' : advice(errorText(stderr)));
    if (exitCode !== 0) expect(state).toMatchObject(unchanged);
    else await reset(site);
  });
}

/** `packet-capture install` with targets: as often as it names some that are in the way, it is asked for the others. */
export async function installColumn(sites: readonly Cell[], put: Put): Promise<void> {
  for (const [image, own] of byImage(sites)) {
    let asked = own;
    for (;;) {
      const { exitCode, stdout, stderr } = await ours([
        'install',
        ...at,
        '--yes',
        '-o',
        'json',
        ...valueFlags(asked, image),
      ]);
      if (exitCode === 0) break;
      expect(stdout, stderr).not.toBe('');
      const { findings } = JSON.parse(stdout) as Refusal;
      const fitting: Cell[] = [];
      for (const site of asked) {
        expect(await appAfter(site)).toMatchObject(unchanged);
        const errors = errorsAt(findings, site.namespace);
        if (errors.length === 0) fitting.push(site);
        else {
          put(site, 'install', installCell(errors));
          put(site, 'advice', advice(textOf(errors)));
        }
      }
      expect(fitting.length, stderr).toBeLessThan(asked.length);
      asked = fitting;
      if (asked.length === 0) break;
    }
    if (asked.length === 0) continue;
    await each(asked, async (site) => put(site, 'install', changedCell('opted in', await appAfter(site))));
    await uninstall();
    await each(asked, reset);
  }
}

/**
 * helm by itself, whose hook opts targets in; then `why` and `check`, where the hook left a workload alone after its
 * user has opted it in by hand.
 */
export async function webhookColumns(sites: readonly Cell[], put: Put): Promise<void> {
  for (const [image, own] of byImage(sites)) {
    const { exitCode, stdout, stderr } = await helmInstall(valueFlags(own, image));
    const told = `${stdout}\n${stderr}`;
    // Helm may refuse for a reason that is not the hook's: then nobody was asked.
    expect(exitCode !== 0, stderr).toBe(own.some(({ namespace }) => hookLine(told, namespace) !== undefined));
    await each(own, async (site) => {
      const state = await appAfter(site);
      const line = hookLine(told, site.namespace);
      put(site, 'webhook', line === undefined ? changedCell('opted in', state) : hookCell(line));
      if (line !== undefined) {
        put(site, 'advice', advice(line));
        expect(state).toMatchObject(unchanged);
        if (asking([site], put, ['why', 'check']).length === 0) return;
        await optInByHand(site);
        await appAfter(site);
        // The release sees its pods now, too: patch says the same as before. A dry run of it tries no image.
        if (image === undefined)
          put(
            site,
            'patch',
            errorCell((await ours(['patch', 'deploy/web', '-n', site.namespace, '--dry-run'])).stderr),
          );
      }
      const reasons = await why(site);
      put(site, 'why', whyCell(reasons));
      put(site, 'advice', advice(`${reasons.verdict} ${reasons.next ?? ''}`));
      put(site, 'check', checkCell(await check(site, ...(image === undefined ? [] : ['--pull']))));
      await appAfter(site);
    });
    await uninstall();
    await each(own, reset);
  }
}

/** The API server injects; users opt in by hand, as nobody does it for them, and ask `why`. */
export async function policyColumn(sites: readonly Cell[], put: Put): Promise<void> {
  const asked = byImage(asking(sites, put, ['policy']));
  if (asked.length === 0) return;
  await makeWatched();
  for (const [image, own] of asked) {
    const { exitCode, stderr } = await helmInstall(['--set', 'injection.way=policy', ...valueFlags([], image)]);
    expect(exitCode, stderr).toBe(0);
    await untilPolicy(inForce);
    await each(own, async (site) => {
      await optInByHand(site);
      const state = await appAfter(site);
      put(site, 'policy', `${changedCell('opted in by hand', state)}; \`why\`: ${whyCell(await why(site))}`);
    });
    await uninstall();
    await untilPolicy(outOfForce);
    await each(own, reset);
  }
  await kube(['delete', 'namespace', ...watchedNames]);
}

/** Each binding of the policy has a namespace here in which nothing stands in the way, to see it by. */
const watchedLevels = ['privileged', 'baseline'] as const;
const watchedNames = watchedLevels.map((level) => `compatibility-watched-${level}`);

async function makeWatched(): Promise<void> {
  const namespaces = watchedLevels.map((level, index) => {
    const labels = { [namespaceLabel]: 'enabled', 'pod-security.kubernetes.io/enforce': level };
    return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: watchedNames[index], labels } };
  });
  await kube(['apply', '-f', '-'], listOf(namespaces));
  for (const name of watchedNames) await accountOf(name);
}

/**
 * Waits until the API server has taken notice of the release's policy, or of its end: what is made before shows the
 * other.
 */
async function untilPolicy(is: typeof inForce): Promise<void> {
  const container = { name: 'app', image: pauseImage };
  for (const name of watchedNames)
    await is(name, {
      metadata: { annotations: { 'packet-capture/inject': 'true' } },
      spec: { containers: [container] },
    });
}
