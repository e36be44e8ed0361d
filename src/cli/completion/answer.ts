import { plainText } from '../../plainText.ts';
import type { Candidate, Wanted } from './values.ts';

/** What a shell is to do with the candidates: bits of Cobra's ShellCompDirective. */
const directive = { noSpace: 2, noFiles: 4, folders: 16 } as const;

/** The longest description, in characters: shells show one line for each candidate. */
const longestText = 80;

/** The bits for the last line. */
export function directives(files: Wanted['files'], found: readonly Candidate[]): number {
  // More is to be typed after the slash.
  const open = found.length > 0 && found.every(({ value }) => value.endsWith('/')) ? directive.noSpace : 0;
  if (files === 'all') return open;
  // Programs made with Cobra take a candidate for the folder to look in.
  return open + (files === 'folders' && found.length === 0 ? directive.folders : directive.noFiles);
}

/**
 * The answer in Cobra's protocol: `VALUE TAB DESCRIPTION` for each candidate, and at the end `:DIRECTIVE`. A name that
 * cannot be on a line is left out.
 */
export function answerLines(found: readonly Candidate[], bits: number): string[] {
  const texts = new Map<string, string>();
  for (const { value, text } of found) if (!texts.has(value)) texts.set(value, plainText(text, longestText));
  const shown = [...texts].filter(([value]) => value !== '' && plainText(value) === value);
  return [...shown.map(([value, text]) => (text === '' ? value : `${value}\t${text}`)), `:${bits}`];
}
