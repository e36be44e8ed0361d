/** What is wrong with a text, and at which offset. */
export interface SyntaxProblem {
  readonly offset: number;
  readonly message: string;
}

const mark = Symbol('syntax problem');

/** Makes the error for text that cannot be parsed; {@link problemOf} recognizes it. */
export function syntaxError(offset: number, message: string): Error {
  return Object.assign(new Error(message), { [mark]: { offset, message } satisfies SyntaxProblem });
}

/** The problem of such an error; undefined for any other error. */
export function problemOf(error: unknown): SyntaxProblem | undefined {
  return error instanceof Error && mark in error ? (error[mark] as SyntaxProblem) : undefined;
}
