import { makeProgram } from './program.ts';
import { runProgram } from './runProgram.ts';

// Not awaited, because the bundles are CommonJS, which has no top-level await.
void main(process.argv.slice(2));

async function main([first, ...words]: readonly string[]): Promise<void> {
  if (first !== '__complete') return runProgram(makeProgram);
  const { complete } = await import('./completion/complete.ts');
  return complete(makeProgram, words);
}
