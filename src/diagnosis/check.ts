import type { Kubectl } from '../kubernetes/kubectl.ts';
import { readCompatibility } from './judge/compatibility.ts';
import { judgeCluster, type CheckResult } from './judge/judgeCluster.ts';
import { pullFindings, type PullOptions } from './judge/pull.ts';
import { tryFailing } from './judge/tried.ts';
import { readInventory } from './read/inventory.ts';
import { readRegistrations } from './read/registrations.ts';
import { readReleaseState } from './read/releaseState.ts';

/** What `check` looks at. Certificates are judged at `now`. */
export interface CheckOptions {
  readonly kubectl: Kubectl;
  /** Undefined means every namespace. */
  readonly namespace: string | undefined;
  readonly now: Date;
  /** Test the agent's image in each namespace with short-lived pods. */
  readonly pull?: Omit<PullOptions, 'kubectl'> | undefined;
}

/**
 * Audits a cluster or one namespace. It changes nothing, except that `pull` creates and deletes pods. @throws as
 * Kubectl
 */
export async function checkCluster({ kubectl, namespace, now, pull }: CheckOptions): Promise<CheckResult> {
  const [registrations, inventory] = await Promise.all([readRegistrations(kubectl), readInventory(kubectl, namespace)]);
  const [compatibility, states] = await Promise.all([
    readCompatibility(kubectl, namespace, registrations.policyApi),
    Promise.all((registrations.releases ?? []).map(async (release) => readReleaseState(kubectl, release))),
  ]);
  const known = registrations.releases === undefined ? undefined : states;
  const trial = await tryFailing(kubectl, namespace, inventory, known);
  const pulls = pull === undefined ? [] : await pullFindings({ kubectl, ...pull }, inventory, known);
  return judgeCluster({ registrations, inventory, compatibility, states, trial, pulls, namespace, now });
}
