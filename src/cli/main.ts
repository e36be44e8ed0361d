import { extcapArgument } from '../extcap/launcher.ts';

// Not awaited, because the bundles are CommonJS, which has no top-level await.
void main(process.argv.slice(2));

async function main([first, ...words]: readonly string[]): Promise<void> {
  // Wireshark waits for it at its start, so it loads no more than it needs.
  if (first === extcapArgument) return (await import('./extcap/extcap.ts')).extcap(words);
  const { makeProgram } = await import('./program.ts');
  if (first === '__complete') return (await import('./completion/complete.ts')).complete(makeProgram, words);
  return (await import('./runProgram.ts')).runProgram(makeProgram);
}
