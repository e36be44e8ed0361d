import { assert, asyncProperty, bigInt, constantFrom, nat, oneof, pre } from 'fast-check';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject, describe, expect, test } from 'vitest';
import { capture } from '../../scripts/cluster/command.ts';
import { agentKind } from './kind.ts';
import { platformOf, settingEnvironment, settingProblem, settings, type SettingName } from '../../src/settings/index.ts';

/** What the agent has against a value, by the very files of its image. */
async function agentProblem(name: SettingName, value: string): Promise<string | undefined> {
  const library = '/usr/lib/packet-capture';
  const program = `. ${library}/events.sh; . ${library}/settings.sh; . ${library}/units.sh; . ${library}/validity.sh; readSettings; checkSettings`;
  const busybox = ['chroot', inject('agentRoot'), '/usr/bin/busybox', 'sh', '-f', '-c', program];
  const { stdout, stderr, exitCode } = await capture(busybox, { env: { [settingEnvironment(name)]: value } });
  expect(stderr).toBe('');
  // The capture goes on, whatever is wrong with the places where packets go beside the volume.
  expect(exitCode === 0).toBe(stdout === '' || ['upload', 'stream', 'mirror'].includes(name));
  if (stdout === '') return undefined;
  const { setting, value: shown, reason } = JSON.parse(stdout) as Record<string, string>;
  expect([setting, shown]).toEqual([name, value]);
  return reason;
}

interface PlatformVector {
  readonly environment: Readonly<Record<string, string>>;
  readonly setting: SettingName;
  readonly value: string;
  readonly reason?: string;
}

/** What the agent has against an annotation, where the environment has what the release allows. */
async function annotationProblem(name: SettingName, value: string, environment: Readonly<Record<string, string>>): Promise<string | undefined> {
  const library = '/usr/lib/packet-capture';
  const annotation = 'readSetting() { value=; [ "${1##*/}" != "$NAME" ] || value=$VALUE; }';
  const program = `. ${library}/events.sh; . ${library}/settings.sh; . ${library}/units.sh; . ${library}/validity.sh; ${annotation}; readSettings; checkSettings || :`;
  const busybox = ['chroot', inject('agentRoot'), '/usr/bin/busybox', 'sh', '-f', '-c', program];
  const { stdout, stderr } = await capture(busybox, { env: { ...environment, NAME: name, VALUE: value } });
  expect(stderr).toBe('');
  return stdout === '' ? undefined : (JSON.parse(stdout) as { readonly reason: string }).reason;
}

// The Go agent's own tests hold it against vectors that come out of the same table.
describe.skipIf(agentKind === 'go')('the agent and the command line agree on what is valid', () => {
  const values = {
    state: ['running', 'idle', 'Idle', 'running ', 'x'],
    interfaces: [
      'all', 'any', 'all,lo', 'lo,all', 'all,eth0', 'any,eth0', 'eth0,any', 'lo,any', 'all,lo,eth0', 'all,all', 'ANY', 'All', 'alls', 'eth0', 'eth0,net1', 'eth0, net1', 'eth0,', ',', ',eth0',
      'eth0,,lo', 'a/b', 'eth0:1', 'x'.repeat(15), 'x'.repeat(16), '*', 'eth*', 'eth?', 'eth[0-9]', 'eth]', 'eth{0,1}', 'eth0@if7', 'é', '-i', '-i eth0', '.', '..', 'eth0.100', 'br-lan_1', '1',
      'net1,2', 'net1,2x', 'lo,lo', 'lo,lo,1', 'lo,lo,any', 'eth0,lo,eth0', 'lo', ' ', 'eth0 ', '\teth0', 'eth0\nlo', 'eth0;id', '$(id)', 'eth0\u00a0',
    ],
    snaplen: ['0', '1', '96', '262144', '262145', '00', '-1', '1.5', '1e3', '999999', '1000000', 'x', ' 1'],
    'file-size': [
      '16Mi', '1Mi', '1048576', '1048575', '1M', '2M', '1G', '1Gi', '1Ti', '2000k', '1023Ki', '1024Ki', '0016Mi', '008Mi', '16MiB', '16 Mi', '1.5Mi',
      '0', 'Mi', '-1Mi', '16mi', '1E', '1000000000000000', '9007199254740992', '99999999999999999', '900Ti', '8192Ti', '9999999999999999Ti',
    ],
    'file-count': ['2', '8', '99999999', '1000000000', '0', '08', '-1', '1.0', 'x'],
    rotate: ['1s', '60s', '1m30s', '2h', '0s', '0h1s', '500ms', '1.5s', '60', 's', '1s ', '8760h', '8761h', '999999999h', '9999999999s', '1h08m', '-1s', '1d'],
    duration: ['1s', '60s', '0s', '1ms', '8760h1s'],
    'packet-count': ['1', '999999999', '0', '1000000000', '1e3'],
    'buffer-size': ['4Mi', '1Mi', '1', '64M'],
    upload: [
      's3:bucket', 's3:bucket/a b', 's3:', 's3:/', 's3://x', 's3:/a//b', 's3', ':s3:bucket', ':s3,a=b:c', 's3,a=b:c', '-s3:c', 'a-b.c+d@e_f:!~', 'é:a', 's3:é', 'https://a/b',
      'a/b:c', 's3:a:b', 's3:a\nb', 's3:\u007f', `s3:${'a'.repeat(1021)}`, `s3:${'a'.repeat(1022)}`, '*:a', "s3:'$(x)`\\",
    ],
    stream: [
      'host:1', 'host:65535', 'host:65536', 'host:100000', 'host:0', 'host:01', 'host:', ':1', 'host', '1', 'a.b-c_d.:9', '-a:1', '.a:1', '_a:1', '10.0.0.1:1', 'a b:1', 'é:1',
      '[::1]:1', '[::1%eth0]:1', '[fd00::1]:65535', '[:]:1', '[::]:1', '[]:1', '[1]:1', '[g::]:1', '[::1]', '[::1]1', '::1:1', '[::1:1', '::1]:1', 'tcp://a:1', 'a:1:1', 'a:1 ', 'a:1\n',
      `${'a'.repeat(253)}:1`, `${'a'.repeat(254)}:1`, `[${'0:'.repeat(22)}0]:1`, `[${'0:'.repeat(22)}00]:1`,
    ],
    mirror: [
      'vxlan://host:4789?vni=42', 'vxlan://host', 'vxlan://host:1', 'vxlan://host?vni=1', 'vxlan://10.0.0.1:65535?vni=16777215', 'vxlan://host:65536', 'vxlan://host:0', 'vxlan://host:01',
      'vxlan://host:', 'vxlan://:1', 'vxlan://', 'vxlan:host', 'vxlan:///host', 'VXLAN://host', 'host', 'host:4789', 'vxlan://a.b-c_d.', 'vxlan://-a', 'vxlan://_a', 'vxlan://a b', 'vxlan://é',
      'vxlan://host?vni=0', 'vxlan://host?vni=01', 'vxlan://host?vni=', 'vxlan://host?vni=16777216', 'vxlan://host?vni=99999999', 'vxlan://host?vni=999999999', 'vxlan://host?vni=x',
      'vxlan://host?', 'vxlan://host?x=1', 'vxlan://host?vni=1&x=2', 'vxlan://host?vni=1?vni=2', 'vxlan://host?x?vni=2', 'vxlan://host/?vni=1', 'vxlan://host#x', 'vxlan://user@host',
      'vxlan://vxlan://host', '?vni=1', 'vxlan://?vni=1', 'vxlan://host:?vni=1', 'vxlan://host:1:2', 'vxlan://host ', 'vxlan://host\n', 'vxlan://host?vni=1\n', ' vxlan://host',
      'vxlan://[::1]', 'vxlan://[::1]:1', 'vxlan://[::1]?vni=3', 'vxlan://[fd00::1]:65535?vni=42', 'vxlan://[::1%eth0]', 'vxlan://[]', 'vxlan://[1]', 'vxlan://[g::]', 'vxlan://[::1]1',
      'vxlan://::1', 'vxlan://[::1', 'vxlan://::1]', 'vxlan://[::1]:', 'vxlan://a]', 'vxlan://a:1]', `vxlan://${'a'.repeat(253)}`, `vxlan://${'a'.repeat(254)}`,
      `vxlan://[${'0:'.repeat(22)}0]`, `vxlan://[${'0:'.repeat(22)}00]`,
    ],
    filter: ['udp', 'a "b"'],
  } as const satisfies Record<SettingName, readonly string[]>;

  test.each(settings.map(({ name }) => name))('%s', async (name) => {
    for (const value of values[name]) {
      // The shell knows no `headers`; the program that comes after it does.
      expect(await agentProblem(name, value), `${name}=${value}`).toBe(settingProblem(name, value, platformOf({}))?.replace('be headers, or', 'be'));
    }
  });

  test('what a release does not allow', async () => {
    const text = await readFile(new URL('../../agent/internal/settings/testdata/platform.json', import.meta.url), 'utf8');
    for (const { environment, setting, value, reason } of JSON.parse(text) as readonly PlatformVector[]) {
      expect(await annotationProblem(setting, value, environment), `${JSON.stringify(environment)}: ${setting}=${value}`).toBe(reason?.replace('be headers, or', 'be'));
    }
  });

  test('sizes, durations and counts of any shape', async () => {
    const number = oneof(nat(2000).map(String), bigInt(0n, 10n ** 19n).map(String), constantFrom('', '0', '00', '010'));
    const suffix = constantFrom('', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti', 's', 'm', 'h', 'm30s', 'x', ' ');
    const name = constantFrom<SettingName[]>('buffer-size', 'rotate', 'packet-count', 'snaplen');
    await assert(
      asyncProperty(name, number, suffix, async (setting, amount, unit) => {
        pre(`${amount}${unit}` !== '');
        const problem = settingProblem(setting, `${amount}${unit}`, platformOf({}));
        expect(await agentProblem(setting, `${amount}${unit}`)).toBe(problem?.replace('be headers, or', 'be'));
      }),
      { numRuns: 150 },
    );
  });
});

test('the program is clean by shellcheck', async () => {
  const folder = join(import.meta.dirname, '../../images/agent');
  const files = ['packet-capture-agent', 'packet-capture-mirror', 'rootfs.sh'].map((file) => join(folder, file));
  expect(await capture(['shellcheck', ...files])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
});
