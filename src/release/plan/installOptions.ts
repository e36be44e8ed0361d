import type { Report } from '../../step.ts';
import type { Connection } from '../helm/tools.ts';
import type { ReleaseRequest } from './inspectRelease.ts';

/** All that `install` and `upgrade` need. `timeoutSeconds` is for each object that helm waits for. */
export interface InstallOptions extends ReleaseRequest, Connection {
  readonly timeoutSeconds: number;
  readonly dryRun: boolean;
  /**
   * Continue even if the API server would refuse pods of targets, or their namespaces cannot pull the agent's image.
   */
  readonly force: boolean;
  /** Take the three steps of a rotation, or the remaining ones. */
  readonly rotate: boolean;
  /** Asks before anything is changed; the question is one sentence. */
  readonly confirm: (question: string) => Promise<boolean>;
  readonly report: Report;
  readonly now: () => Date;
}
