/** What is wrong with a text, and where in it. */
export interface SyntaxProblem {
  readonly offset: number;
  readonly message: string;
}

const mark = Symbol('syntax problem');

/** Makes the error that ends the reading of a document; {@link problemOf} tells it from others. */
export function syntaxError(offset: number, message: string): Error {
  return Object.assign(new Error(message), { [mark]: { offset, message } satisfies SyntaxProblem });
}

/** Undefined for any other error. */
export function problemOf(error: unknown): SyntaxProblem | undefined {
  return error instanceof Error && mark in error ? (error[mark] as SyntaxProblem) : undefined;
}
