import type { Command } from 'commander';
import { codedError } from '../../errors.ts';
import { settingRefusal, standingSettings, type SettingName, type SettingValues } from '../../settings/index.ts';

/**
 * Adds a flag for each setting that is not an action, except for settings that the command decides itself.
 * @param defaults where the command has other ones than the settings' table
 */
export function addSettingFlags(
  command: Command,
  except: readonly SettingName[] = [],
  defaults: SettingValues = {},
): Command {
  for (const setting of standingSettings) {
    if (except.includes(setting.name)) continue;
    const byDefault = defaults[setting.name] ?? setting.default;
    const note = byDefault === '' ? '' : ` (default ${byDefault})`;
    command.option(`--${setting.name} <${setting.placeholder}>`, `${setting.text}${note}`);
  }
  return command;
}

/**
 * The settings among a command's parsed options.
 * @throws SETTING_INVALID for a value that is not valid
 */
export function settingsOfFlags(options: Readonly<Record<string, unknown>>): SettingValues {
  const values: Partial<Record<SettingName, string>> = {};
  for (const { name } of standingSettings) {
    const value = options[camelCase(name)];
    if (typeof value !== 'string') continue;
    checkSetting(name, value, `--${name}`);
    values[name] = value;
  }
  return values;
}

/** @throws SETTING_INVALID */
function checkSetting(name: string, value: string, where: string): void {
  const refusal = settingRefusal(name, value);
  if (refusal !== undefined) throw codedError('SETTING_INVALID', refusal, { where });
}

/** The property name that commander derives from a flag. */
function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
