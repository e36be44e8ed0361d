import { codedError, type CodedError, type ErrorCode } from '../../errors.ts';
import { lineEnd, lineNumber, lineStart, type Source } from './text.ts';

/** Makes the error to throw for something at an offset of a document. */
export type Fail = (code: ErrorCode, offset: number, what: string, hint?: string) => CodedError;

const templateHint =
  'This is a template, not YAML: render it first, for example with `helm template`; nothing was written.';

/** The most columns of a line that an error shows. */
const shownColumns = 100;

/**
 * Makes errors about a document, with file, document, line and column, and the line itself with a caret below it.
 * @param number of the document in its file, from 1
 */
export function failIn(source: Source, number: number): Fail {
  return (code, offset, what, hint) => {
    const line = lineNumber(source, offset);
    const column = offset - lineStart(source, offset) + 1;
    return codedError(code, `${what}\n${frame(source, offset, line)}`, {
      where: `${source.file}: document ${number}, line ${line}, column ${column}`,
      ...(hint === undefined ? {} : { hint }),
    });
  };
}

/** What to do about YAML that cannot be parsed, if the text is a template of Helm. */
export function syntaxHint(text: string): string | undefined {
  return text.includes('{{') ? templateHint : undefined;
}

/** The line with its number, and below it a caret under `offset`. */
function frame(source: Source, offset: number, line: number): string {
  const from = Math.max(lineStart(source, offset), offset - shownColumns / 2);
  const shown = source.text.slice(from, Math.min(lineEnd(source, offset), from + shownColumns));
  const gutter = String(line);
  // A tab stays a tab, so that the caret is below its character.
  const space = shown.slice(0, offset - from).replace(/[^\t]/g, ' ');
  return `  ${gutter} | ${shown}\n  ${' '.repeat(gutter.length)} | ${space}^`;
}
