import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../scripts/cluster/tools.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Paths of the programs: `inject('helm')[4]`. */
    helm: { readonly 3: string; readonly 4: string };
  }
}

/** Builds both generations of helm unless the cache has them. */
export default async function setup(project: {
  provide: (key: 'helm', value: { 3: string; 4: string }) => void;
}): Promise<void> {
  project.provide('helm', { 4: await ensureHelm(4, stderrProgress), 3: await ensureHelm(3, stderrProgress) });
}
