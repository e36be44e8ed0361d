import { codedError, type CodedError } from '../errors.ts';

/** A CAPTURE_INVALID error. @param what describes what is wrong with the bytes */
export function captureError(what: string): CodedError {
  return codedError('CAPTURE_INVALID', what);
}

/** The same error with its place: the name of the source, and the offset in bytes where the invalid block begins. */
export function captureErrorAt(error: CodedError, source: string, offset: number): CodedError {
  return codedError(error.code, error.message, { where: `${source}, byte ${offset}`, cause: error });
}
