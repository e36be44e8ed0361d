import { settingAnnotation, settings, type Setting, type SettingName } from '../../src/settings/index.ts';
import { code, markdownTable } from './markdownTable.ts';

/** The table of settings for the docs, as Markdown without a final newline. */
export function settingsMarkdown(): string {
  const known: readonly (Setting & { readonly name: SettingName })[] = settings;
  const rows = known.map(({ name, action, default: value, text }) => [
    action === true ? 'none' : code(`--${name}`),
    code(settingAnnotation(name)),
    value === '' ? 'none' : code(value),
    text,
  ]);
  return markdownTable(['flag', 'annotation', 'default', 'meaning'], rows);
}
