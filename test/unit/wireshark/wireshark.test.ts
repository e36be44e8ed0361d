import { describe, expect, test } from 'vitest';
import { configurationFolder, profileFiles } from '../../../src/wireshark/index.ts';

describe("Wireshark's folder", () => {
  const none = (): boolean => false;

  test.each([
    [{ WIRESHARK_CONFIG_DIR: '/w', HOME: '/h' }, 'linux', '/w'],
    [{ HOME: '/h' }, 'linux', '/h/.config/wireshark'],
    [{ HOME: '/h' }, 'darwin', '/h/.config/wireshark'],
    [{ HOME: '/h', XDG_CONFIG_HOME: '/x' }, 'linux', '/x/wireshark'],
    [{}, 'linux', undefined],
    [{ HOME: '/h' }, 'win32', undefined],
  ])('with %o on %s is %s', (environment, platform, folder) => {
    expect(configurationFolder(environment, platform, none)).toBe(folder);
  });

  test('is the old one if there is no new one', () => {
    const only = (path: string) => (one: string) => one === path;
    expect(configurationFolder({ HOME: '/h' }, 'linux', only('/h/.wireshark'))).toBe('/h/.wireshark');
    expect(configurationFolder({ HOME: '/h' }, 'linux', () => true)).toBe('/h/.config/wireshark');
  });
});

test('a dot in the name of a pod is just a dot in its colour rule', () => {
  const rules = profileFiles([{ namespace: 'shop', name: 'web.1' }])['colorfilters'];
  expect(rules).toContain('@shop/web.1@frame.interface_name matches "^shop/web[.]1:"@');
  expect(rules).not.toContain('interface_id');
});

test('dark text on each colour can be read: a contrast of 7 at least (WCAG 2, level AAA)', () => {
  const light = (parts: readonly number[]): number => {
    const [red = 0, green = 0, blue = 0] = parts.map((part) => {
      const value = part / 65_535;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const rules = (profileFiles([])['colorfilters'] ?? '').split('\n').filter((line) => line.includes('interface_id'));
  const contrasts = rules.map((line) => {
    const [first = [], second = []] = [...line.matchAll(/\[([\d,]+)\]/g)].map(([, list = '']) =>
      list.split(',').map(Number),
    );
    return (light(first) + 0.05) / (light(second) + 0.05);
  });
  expect(contrasts).toHaveLength(10);
  expect(Math.min(...contrasts)).toBeGreaterThan(7);
});
