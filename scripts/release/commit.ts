import { execa } from 'execa';
import { codedError } from '../../src/errors.ts';
import { root } from '../images/root.ts';

/** The commit that is released. */
export interface Commit {
  /** What `version` prints. */
  readonly hash: string;
  /** When it was made, in seconds since 1970: the time of all files in the archives. */
  readonly seconds: number;
}

/**
 * The commit of the checkout; with what is not committed yet, its hash says so.
 * @throws REQUIREMENT_MISSING without git, or when this is no checkout
 */
export async function commitOfSources(): Promise<Commit> {
  const git = async (...args: string[]): Promise<string> => {
    const { failed, stdout, shortMessage } = await execa('git', args, { cwd: root, reject: false });
    if (!failed) return stdout;
    throw codedError('REQUIREMENT_MISSING', `needs git and a checkout, to name the commit: ${shortMessage}`);
  };
  const [hash = '', seconds] = (await git('log', '-1', '--format=%H %ct')).split(' ');
  const changed = await git('status', '--porcelain');
  return { hash: `${hash}${changed === '' ? '' : '-changed'}`, seconds: Number(seconds) };
}
