import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codedError } from '../../../src/errors.ts';
import { readCall } from '../../../src/extcap/call.ts';
import { choiceOf } from '../../../src/extcap/choice.ts';
import {
  controlCommands,
  createControlReader,
  encodeControl,
  longestPayload,
} from '../../../src/extcap/controlMessages.ts';
import { dialogSentences, listSentences } from '../../../src/extcap/dialog.ts';
import { dialogError } from '../../../src/extcap/errorText.ts';
import { interfacesOf, interfaceSentences } from '../../../src/extcap/interfaces.ts';
import { contextsOf, kubeconfigPaths } from '../../../src/extcap/kubeconfig.ts';
import { sentence } from '../../../src/extcap/sentence.ts';
import { podMessages } from '../../../src/extcap/toolbar.ts';

/** As extcap_tokenize_sentence of Wireshark's extcap_parser.c reads a line. */
function readSentence(line: string): { readonly kind: string; readonly values: Readonly<Record<string, string>> } {
  const kind = /^(arg|value|interface|extcap|dlt|control)(?=[\t ]+\{)/.exec(line)?.[0] ?? '';
  const found = line.matchAll(/\{([a-zA-Z_-]*?)=([^\n]*?)\}(?=\{|$|\s)/g);
  return { kind, values: Object.fromEntries([...found].map(([, name = '', value = '']) => [name, value])) };
}

test('Wireshark reads of a sentence what is in it, whatever that is', () => {
  const text = fc.string({
    unit: fc.constantFrom('{', '}', '=', ' ', '\n', '\0', 'a', '-', '商', '\u2028'),
    maxLength: 12,
  });
  fc.assert(
    fc.property(text, text, (display, value) => {
      const line = sentence('value', { arg: 3, value, display, default: true, parent: undefined });
      const { kind, values } = readSentence(line);
      const isPlain = !/[{}\p{Cc}]/u.test(display);
      return (
        !/[\r\n]/.test(line) &&
        kind === 'value' &&
        Object.keys(values).join(' ') === 'arg value display default' &&
        values['arg'] === '3' &&
        values['default'] === 'true' &&
        (!isPlain || values['display'] === display)
      );
    }),
  );
  expect(readSentence(sentence('control', { number: 1, validation: String.raw`^(\d{1,7}|headers)$` })).values).toEqual({
    number: '1',
    validation: String.raw`^(\d{1,7}|headers)$`,
  });
});

test('a message of the toolbar has the bytes that Wireshark writes', () => {
  const bytes = Buffer.from(encodeControl({ control: 1, command: controlCommands.set, payload: 'tcp' }));
  expect(bytes.toString('hex')).toBe(`540000050101${Buffer.from('tcp').toString('hex')}`);
  const initialized = createControlReader()(Buffer.from('540000020000', 'hex'));
  expect(initialized).toEqual([{ control: 0, command: controlCommands.initialized, payload: '' }]);
});

test('messages arrive whole, in whatever pieces they come', () => {
  const message = fc.record({
    control: fc.nat(255),
    command: fc.nat(9),
    payload: fc.string({ unit: 'grapheme' }).filter((text) => !text.endsWith('\0')),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (messages, size) => {
      const bytes = Buffer.concat(messages.map((one) => encodeControl(one)));
      const read = createControlReader();
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      expect(pieces.flatMap((piece) => read(piece))).toEqual(messages);
    }),
  );
});

test('a payload that is too long is cut between two characters, and what is no message is refused', () => {
  const [message] = createControlReader()(
    encodeControl({ control: 0, command: 6, payload: 'é'.repeat(longestPayload) }),
  );
  expect(message?.payload).toBe('é'.repeat((longestPayload - 1) / 2));
  for (const hex of ['550000020000', '540000010000', '54ffffff0000'])
    expect(() => createControlReader()(Buffer.from(hex, 'hex'))).toThrow('is no message');
});

test('each context is an interface, with a name that Wireshark can make files and preferences of', () => {
  const contexts = [
    { name: 'shop', namespace: 'web' },
    { name: 'arn:aws:eks:eu-1:12:cluster/shop' },
    { name: 'Shop' },
    { name: '商店' },
    { name: 'a0' },
    { name: 'a.' },
    { name: 'x'.repeat(300) },
  ];
  const interfaces = interfacesOf(contexts);
  expect(interfaces.slice(0, 6).map(({ value }) => value)).toEqual([
    'kubernetes-shop',
    'kubernetes-arn-aws-eks-eu-1-12-cluster-shop',
    'kubernetes-Shop-2',
    'kubernetes-context',
    'kubernetes-a0',
    'kubernetes-a',
  ]);
  expect(interfaces.every(({ value }) => /^[\w-]{1,95}$/.test(value))).toBe(true);
  const lines = interfaceSentences(interfaces).map((line) => readSentence(line));
  expect(lines.filter(({ kind }) => kind === 'interface').map(({ values }) => values['display'])).toEqual(
    contexts.map(({ name }) => `Kubernetes: ${name}`),
  );
  // The toolbar has each number once, and lists name the control that they are of.
  const numbers = lines.filter(({ kind }) => kind === 'control').map(({ values }) => values['number']);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(interfaceSentences([])).toEqual([]);
});

test('files of KUBECONFIG are merged as kubectl does: of equal names the first counts', () => {
  const one = { contexts: [{ name: 'shop', context: { namespace: 'web' } }, { name: 3 }, null, { name: '' }] };
  const two = {
    contexts: [
      { name: 'shop', context: { namespace: 'other' } },
      { name: 'dev', context: null },
    ],
  };
  expect(contextsOf([one, undefined, 'text', { contexts: 'none' }, two])).toEqual([
    { name: 'shop', namespace: 'web' },
    { name: 'dev' },
  ]);
  const join = (...parts: string[]): string => parts.join('/');
  expect(kubeconfigPaths({ KUBECONFIG: '/a::/b:/a', HOME: '/home/me' }, 'linux', join)).toEqual(['/a', '/b']);
  expect(kubeconfigPaths({ KUBECONFIG: String.raw`C:\a;D:\b` }, 'win32', join)).toEqual([
    String.raw`C:\a`,
    String.raw`D:\b`,
  ]);
  expect(kubeconfigPaths({ HOME: '/home/me' }, 'darwin', join)).toEqual(['/home/me/.kube/config']);
  expect(kubeconfigPaths({}, 'linux', join)).toEqual([]);
});

test("Wireshark's calls are read, those of later versions too", () => {
  expect(readCall(['--extcap-interfaces', '--extcap-version=4.0'])).toEqual({
    does: 'interfaces',
    values: { 'extcap-version': '4.0' },
  });
  const capture = [
    '--capture',
    '--extcap-interface',
    'kubernetes-shop',
    '--fifo',
    '/tmp/f',
    '--filter',
    '--x',
    '--new',
    '1',
  ];
  expect(readCall(capture)).toEqual({
    does: 'capture',
    values: { 'extcap-interface': 'kubernetes-shop', fifo: '/tmp/f', filter: '--x', new: '1' },
  });
  const reload = [
    '--extcap-config',
    '--extcap-interface',
    'i',
    '--extcap-reload-option',
    'workload',
    '--attach',
    'true',
  ];
  expect(readCall(reload)).toMatchObject({
    does: 'reload',
    values: { 'extcap-reload-option': 'workload', attach: 'true' },
  });
  expect(readCall(['--extcap-capture-filter', 'tcp', '--extcap-interface', 'i']).does).toBe('checkFilter');
  expect(readCall(['--extcap-dlts', '--extcap-interface', 'i']).does).toBe('linkTypes');
  expect(readCall([]).does).toBe('nothing');
});

test('the dialog has a field for each choice, and lists begin with what holds without one', () => {
  const known = { namespace: ['shop'], workload: ['deployment/web'], pod: ['web-1'] };
  const lines = dialogSentences(known, 'default').map((line) => readSentence(line));
  const fields = lines.filter(({ kind }) => kind === 'arg');
  expect(fields.map(({ values }) => values['call'])).toEqual([
    '--namespace',
    '--workload',
    '--pod',
    '--selector',
    '--attach',
    '--image',
    '--reason',
    '--filter',
    '--snaplen',
  ]);
  expect(fields.map(({ values }) => values['number'])).toEqual(fields.map((_, index) => String(index)));
  expect(
    lines.flatMap(({ kind, values }) => (kind === 'value' ? [`${values['arg']} ${values['value']}`] : [])),
  ).toEqual(['0 ', '0 shop', '1 ', '1 *', '1 deployment/web', '2 ', '2 web-1']);
  expect(listSentences('pod', [], 'default')).toHaveLength(1);
});

test("the toolbar's list of pods has the sum first, and each pod with what it has dropped", () => {
  const texts = podMessages([
    { name: 'shop/web-1', dropped: 3 },
    { name: 'shop/web-2', dropped: undefined },
  ]).map(({ command, payload }) => `${command} ${payload}`);
  expect(texts).toEqual([
    '3 ',
    '2 all\x002 pods, 3 dropped',
    '2 shop/web-1\0shop/web-1: 3 dropped',
    '2 shop/web-2\0shop/web-2: dropped packets not known',
    '1 all',
  ]);
});

test('an error says what to do in Wireshark, not on the command line', () => {
  const refused = codedError('SETTING_INVALID', 'shop/web-1 refuses the filter: syntax error', { where: '--filter' });
  expect(dialogError(refused)).toBe(
    'packet-capture: Filter: shop/web-1 refuses the filter: syntax error. Correct it in the options of the interface. (SETTING_INVALID)',
  );
  const forbidden = codedError('FORBIDDEN', 'you may not', { hint: 'Ask somebody.' });
  expect(dialogError(forbidden)).toBe('packet-capture: you may not. Ask somebody. (FORBIDDEN)');
});

test('what the dialog has is what `stream` and `attach` are told', () => {
  const found = { name: 'prod', namespace: 'shop', value: 'kubernetes-prod' };
  const chosen = choiceOf({ workload: 'deploy/web', filter: 'tcp', 'extcap-capture-filter': 'port 80' }, found);
  expect(chosen).toEqual({
    pods: 'deploy/web',
    everyPod: false,
    attach: false,
    flags: { context: 'prod', namespace: 'shop', filter: '(tcp) and (port 80)' },
  });
  const one = choiceOf({ workload: 'deploy/web', pod: 'web-1', namespace: 'dev', attach: 'true' }, found);
  expect(one).toMatchObject({ pods: 'web-1', attach: true, flags: { context: 'prod', namespace: 'dev' } });
  expect(choiceOf({ workload: '*' }, found)).toMatchObject({ pods: undefined, everyPod: true });
  expect(choiceOf({ workload: '*', selector: 'app=web' }, found)).toMatchObject({
    pods: undefined,
    everyPod: false,
    flags: { selector: 'app=web' },
  });
  expect(choiceOf({}, found)).toMatchObject({ pods: undefined, everyPod: false });
});
