import { codedError } from '../../src/errors.ts';

/** What Artifact Hub calls a change of a kind, by the headings of CHANGELOG.md. */
const kinds: Readonly<Record<string, string>> = {
  Added: 'added',
  Changed: 'changed',
  Deprecated: 'deprecated',
  Removed: 'removed',
  Fixed: 'fixed',
  Security: 'security',
};

/**
 * The part of a changelog about one version, without its heading: the notes of a release. Pure.
 * @param version as in the heading, or `Unreleased`
 * @throws CHART_INVALID when there is none
 * @see https://keepachangelog.com/en/1.1.0/
 */
export function releaseNotes(changelog: string, version: string): string {
  const parts = changelog.split(/^## /m).slice(1);
  const part = parts.find((text) => text.startsWith(`[${version}]`));
  if (part === undefined) {
    throw codedError('NOT_FOUND', `CHANGELOG.md has no part [${version}]`, {
      hint: `Rename its part [Unreleased] to [${version}], with the date.`,
    });
  }
  return `${part.split('\n').slice(1).join('\n').trim()}\n`;
}

/** A change, as Artifact Hub shows it. */
export interface Change {
  readonly kind: string;
  readonly description: string;
}

/** The changes of {@link releaseNotes}: each item of a list, without marks. Pure. */
export function changesOf(notes: string): Change[] {
  return notes
    .split(/^### /m)
    .slice(1)
    .flatMap((part) => {
      const [heading = '', ...rest] = part.split('\n');
      const kind = kinds[/^\w+/.exec(heading)?.[0] ?? ''] ?? 'changed';
      const items = rest.join('\n').split(/^- /m).slice(1);
      return items.map((item) => ({ kind, description: plain(item) }));
    });
}

function plain(item: string): string {
  return item.replaceAll(/\s+/g, ' ').replaceAll('**', '').trim();
}
