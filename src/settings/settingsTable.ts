import { settingAnnotation } from './annotations.ts';
import { settings } from './table.ts';

/** The table of settings for the docs, as Markdown without a final newline. */
export function settingsMarkdown(): string {
  const rows = settings.map(({ name, default: value, text }) => [
    `\`--${name}\``,
    `\`${settingAnnotation(name)}\``,
    value === '' ? 'none' : `\`${value}\``,
    text.replaceAll('|', '\\|'),
  ]);
  return [['flag', 'annotation', 'default', 'meaning'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
