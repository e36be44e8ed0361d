import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../agent/until.ts';
import type { ExtcapHome } from './extcapWorld.ts';
import { findTextField } from './screen.ts';

/** What Wireshark's window is tested with. */
export const windowPackages = [
  { name: 'wireshark', programs: ['wireshark'] },
  { name: 'xvfb', programs: ['Xvfb'] },
  { name: 'xdotool', programs: ['xdotool'] },
] as const;

/** The size of the screen, and of the window. */
const [width, height] = [1400, 900];

/** Wireshark with its window on a screen in memory. */
export interface WiresharkWindow {
  /** The folder with the picture of the screen, Xvfb_screen0 (xwd). */
  readonly screen: string;
  readonly xdotool: (...args: readonly string[]) => Promise<string>;
  /** Types into the first text field of the toolbar of interfaces, in place of what is there, and presses Enter. */
  readonly enterInToolbar: (text: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** @param args of Wireshark */
export async function openWireshark(home: ExtcapHome, args: readonly string[]): Promise<WiresharkWindow> {
  const settings = join(home.folder, '.config/wireshark');
  await mkdir(settings, { recursive: true });
  const recent = ['privs.warn_if_elevated: FALSE', 'gui.interface_toolbar_show: packet-capture'];
  for (const name of ['recent', 'recent_common']) await writeFile(join(settings, name), `${recent.join('\n')}\n`);
  const screen = join(home.folder, 'screen');
  await mkdir(screen, { recursive: true });
  const server = home.start([
    'Xvfb',
    '-displayfd',
    '1',
    '-screen',
    '0',
    `${width}x${height}x24`,
    '-fbdir',
    screen,
    '-nolisten',
    'tcp',
  ]);
  const [number] = (await once(server.stdout ?? server, 'data')) as [Buffer];
  const display = { DISPLAY: `:${number.toString().trim()}`, QT_QPA_PLATFORM: 'xcb', LC_ALL: 'C.UTF-8' };
  const wireshark = home.start(['wireshark', ...args], display);
  wireshark.stdout?.resume();
  wireshark.stderr?.resume();
  const xdotool = async (...words: readonly string[]): Promise<string> =>
    (await home.run(['xdotool', ...words], display)).stdout;
  const isThere = async (): Promise<boolean> =>
    (await xdotool('search', '--onlyvisible', '--name', 'kubernetes|Wireshark')) !== '';
  await until("Wireshark's window", isThere, { milliseconds: 120_000 });
  const [window = ''] = (await xdotool('search', '--onlyvisible', '--name', 'kubernetes|Wireshark')).split('\n');
  await xdotool('windowmove', window, '0', '0', 'windowsize', window, String(width), String(height));
  return {
    screen,
    xdotool,
    enterInToolbar: async (text) => {
      const [x, y] = await until('text field in the toolbar', () => findTextField(join(screen, 'Xvfb_screen0')));
      await xdotool('mousemove', String(x), String(y), 'click', '1');
      await xdotool('key', 'ctrl+a');
      await xdotool('type', '--delay', '20', text);
      await xdotool('key', 'Return');
    },
    close: async () => {
      for (const child of [wireshark, server]) await end(child);
    },
  };
}

/** By its own id: `nsenter` runs the program in its own place. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killed = sleep(10_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'));
  await Promise.race([ended, killed]);
}
