import { errorTable, formatError, isCodedError } from '../errors.ts';
import { makeProgram } from './program.ts';

try {
  const program = await makeProgram(process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  if (isCodedError(error)) {
    console.error(formatError(error));
    process.exitCode = errorTable[error.code].exit;
  } else {
    console.error(error);
    console.error(`error INTERNAL: ${errorTable.INTERNAL.hint}`);
    process.exitCode = errorTable.INTERNAL.exit;
  }
}
