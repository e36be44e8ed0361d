import { headersOnly, isSecret } from '../settings/index.ts';
import {
  countOf,
  fieldsOf,
  isFields,
  itemsOf,
  parseJson,
  present,
  textMapOf,
  textOf,
  textsOf,
  type Fields,
} from '../typed.ts';
import type { AgentStatus, Asked, KeptFiles, KeptWindow, MirrorStatus } from './agentStatus.ts';

/** The most bytes of status.json: it has some hundred, and a few copies of a filter of up to 16,384 characters. */
export const mostStatusBytes = 1024 * 1024;

const longestFilter = 16_384;
const most = { keeps: 64, interfaces: 256, invalid: 64, settings: 64 } as const;

/**
 * Parses the status of an agent. The pod can write anything into the file, so each member is checked by its type, and
 * unknown members and wrong types are left out. Pure.
 */
export function parseAgentStatus(text: string): Asked {
  const value = parseJson(text);
  if (value === undefined) return { problem: "its agent's status is not JSON" };
  const fields = fieldsOf(value);
  const state = textOf(fields['state'], 40);
  if (state === undefined) return { problem: "its agent's status has no state" };
  const status: AgentStatus = present({
    time: timeOf(fields['time']),
    version: textOf(fields['version'], 100),
    state,
    reason: textOf(fields['reason']),
    settings: isFields(fields['settings'])
      ? withoutSecrets(textMapOf(fields['settings'], most.settings, longestFilter))
      : undefined,
    started: timeOf(fields['started']),
    interfaces: Array.isArray(fields['interfaces']) ? textsOf(fields['interfaces'], most.interfaces, 64) : undefined,
    filter: textOf(fields['filter'], longestFilter),
    snaplen: fields['snaplen'] === headersOnly ? headersOnly : countOf(fields['snaplen']),
    file: textOf(fields['file']),
    files: countOf(fields['files']),
    packets: countOf(fields['packets']),
    bytes: countOf(fields['bytes']),
    dropped: member(fields['dropped'], ({ kernel, interface: device, queue }) => ({
      kernel: countOf(kernel),
      interface: countOf(device),
      queue: countOf(queue),
    })),
    ring: member(fields['ring'], ({ files, bytes }) => ({ files: countOf(files), bytes: countOf(bytes) })),
    kept: isFields(fields['kept']) ? keptOf(fields['kept']) : undefined,
    upload: member(fields['upload'], ({ pending, pendingBytes, lost, lastError }) => ({
      pending: countOf(pending),
      pendingBytes: countOf(pendingBytes),
      lost: countOf(lost),
      lastError: textOf(lastError),
    })),
    stream: member(fields['stream'], ({ state: streamState, lastError }) => ({
      state: textOf(streamState, 40),
      lastError: textOf(lastError),
    })),
    attached: member(fields['attached'], ({ until }) => ({ until: timeOf(until) })),
    mirror: member(fields['mirror'], mirrorOf),
    invalid: Array.isArray(fields['invalid']) ? itemsOf(fields['invalid'], most.invalid).flatMap(invalidOf) : undefined,
    lastError: lastErrorOf(fields['lastError']),
  });
  return { status };
}

type Members = Readonly<Record<string, string | number | undefined>>;

/** Undefined unless the value is an object. */
function member<T extends Members>(
  value: unknown,
  read: (fields: Readonly<Record<string, unknown>>) => T,
): { [K in keyof T]?: Exclude<T[K], undefined> } | undefined {
  return isFields(value) ? present(read(value)) : undefined;
}

function keptOf(fields: Fields): KeptFiles {
  const idsOf = (value: unknown): readonly string[] | undefined =>
    Array.isArray(value) ? textsOf(value, most.keeps, 64).filter((id) => keepId.test(id)) : undefined;
  return present({
    keeps: countOf(fields['keeps']),
    files: countOf(fields['files']),
    bytes: countOf(fields['bytes']),
    limit: countOf(fields['limit']),
    ids: idsOf(fields['ids']),
    lasting: idsOf(fields['lasting']),
    pending: countOf(fields['pending']),
    leftOut: countOf(fields['leftOut']),
    removed: countOf(fields['removed']),
    failed: countOf(fields['failed']),
  });
}

/** An id becomes the name of a folder. */
const keepId = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;

/** What keep.json says; undefined for other text. The pod can write anything into it. Pure. */
export function parseKeepNote(text: string): KeptWindow | undefined {
  const fields = fieldsOf(parseJson(text));
  const id = textOf(fields['id'], 64) ?? '';
  if (!keepId.test(id)) return undefined;
  const { files } = fields;
  const ended = timeOf(fields['ended']);
  // They are counted at the end of the window; until then it has 0.
  const atEnd = (value: unknown): number | undefined => (ended === undefined ? undefined : countOf(value));
  return present({
    id,
    from: timeOf(fields['from']),
    to: timeOf(fields['to']),
    requestedAt: timeOf(fields['requestedAt']),
    files: Array.isArray(files) ? files.length : undefined,
    bytes: countOf(fields['bytes']),
    packets: atEnd(fields['packets']),
    dropped: atEnd(fields['dropped']),
    complete: typeof fields['complete'] === 'boolean' ? fields['complete'] : undefined,
    ended,
    truncated: member(fields['truncated'], (amount) => ({
      files: countOf(amount['files']),
      bytes: countOf(amount['bytes']),
    })),
  });
}

function mirrorOf(fields: Readonly<Record<string, unknown>>): {
  readonly [K in keyof Required<MirrorStatus>]: MirrorStatus[K] | undefined;
} {
  return {
    state: textOf(fields['state'], 40),
    reason: textOf(fields['reason']),
    destination: textOf(fields['destination']),
    packets: countOf(fields['packets']),
    bytes: countOf(fields['bytes']),
    dropped: countOf(fields['dropped']),
  };
}

function invalidOf(found: unknown): NonNullable<AgentStatus['invalid']> {
  const fields = fieldsOf(found);
  const [setting, reason] = [textOf(fields['setting'], 100), textOf(fields['reason'])];
  const value = textOf(fields['value'], longestFilter);
  return setting === undefined || reason === undefined
    ? []
    : [present({ setting, value: isSecret(setting, value ?? '') ? undefined : value, reason })];
}

function withoutSecrets(
  values: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  return values && Object.fromEntries(Object.entries(values).filter(([name, value]) => !isSecret(name, value)));
}

function lastErrorOf(value: unknown): AgentStatus['lastError'] {
  const fields = fieldsOf(value);
  const reason = textOf(fields['reason']);
  return reason === undefined ? undefined : present({ time: timeOf(fields['time']), reason });
}

/** RFC 3339. */
function timeOf(value: unknown): string | undefined {
  return textOf(value, 40);
}
