#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { formatError, isCodedError, errorTable } from '../errors.ts';

// Start-up is what users feel most: the second run finds every file compiled.
enableCompileCache();

const { makeProgram } = await import('./program.ts');

try {
  await makeProgram().parseAsync();
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
