import type { Command } from 'commander';
import { settingAnnotation, settings } from '../../settings/index.ts';
import { print, printJson } from '../io/output.ts';

/** `settings`: prints the table of settings, for people or as JSON. */
export function addSettings(program: Command): void {
  program
    .command('settings')
    .description('list the settings, which are set by flag or by annotation')
    .option('-o, --output <FORMAT>', 'json: for programs')
    .action(({ output }: { output?: string }) => {
      const rows = settings.map((setting) => Object.assign({ annotation: settingAnnotation(setting.name) }, setting));
      if (output === 'json') {
        printJson(rows);
        return;
      }
      const columns = ['name', 'default', 'text'] as const;
      const table = [{ name: 'SETTING', default: 'DEFAULT', text: 'MEANING' }, ...rows];
      const widths = columns.map((column) => Math.max(...table.map((row) => (row[column] || '-').length)));
      print(
        table.map((row) =>
          columns
            .map((column, index) => (row[column] || '-').padEnd(widths[index] ?? 0))
            .join('  ')
            .trimEnd(),
        ),
      );
    });
}
