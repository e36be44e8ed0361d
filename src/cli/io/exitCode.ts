import { inspect } from 'node:util';
import { errorTable, isCodedError } from '../../errors.ts';
import { say, sayError } from './output.ts';

/** Reports an error on standard error. @returns the exit code of its row in the table of src/errors.ts */
export function reportError(error: unknown): number {
  if (isCodedError(error)) {
    sayError(error);
    return errorTable[error.code].exit;
  }
  say(inspect(error));
  say(`error INTERNAL: ${errorTable.INTERNAL.hint}`);
  return errorTable.INTERNAL.exit;
}
