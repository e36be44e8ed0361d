import { makeProgram } from './program.ts';
import { runProgram } from './runProgram.ts';

const [first, ...words] = process.argv.slice(2);
if (first === '__complete') {
  const { complete } = await import('./completion/complete.ts');
  await complete(makeProgram, words);
} else await runProgram(makeProgram);
