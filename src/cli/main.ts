import { makeProgram } from './program.ts';
import { runProgram } from './runProgram.ts';

await runProgram(makeProgram);
