import { settingAnnotation } from './annotations.ts';
import { settings, type Setting, type SettingName } from './table.ts';

/** The table of settings for the docs, as Markdown without a final newline. */
export function settingsMarkdown(): string {
  const known: readonly (Setting & { readonly name: SettingName })[] = settings;
  const rows = known.map(({ name, action, default: value, text }) => [
    action === true ? 'none' : `\`--${name}\``,
    `\`${settingAnnotation(name)}\``,
    value === '' ? 'none' : `\`${value}\``,
    text.replaceAll('|', '\\|'),
  ]);
  return [['flag', 'annotation', 'default', 'meaning'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
