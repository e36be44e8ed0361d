import { codedError, type CodedError } from '../errors.ts';

/** @param what is wrong with the bytes */
export function captureError(what: string): CodedError {
  return codedError('CAPTURE_INVALID', what);
}

/** The same error with the place where it happened: the source's name, and the byte where the broken block begins. */
export function captureErrorAt(error: CodedError, source: string, offset: number): CodedError {
  return codedError(error.code, error.message, { where: `${source}, byte ${offset}`, cause: error });
}
