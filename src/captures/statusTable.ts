import { formatAge } from '../duration.ts';
import { plainText } from '../plainText.ts';
import { formatBytes } from '../quantity.ts';
import { droppedSum, type AgentStatus } from './agentStatus.ts';
import { formatTable } from './formatTable.ts';
import type { PodStatus } from './readStatus.ts';

const shownFilter = 40;
const shownError = 100;

/** `now` is the time from which ages are counted. */
export interface TableOptions {
  /** Whether the table has a column for namespaces. */
  readonly namespaces: boolean;
  readonly now: Date;
}

/** The captured pods as a table, one line each under a heading. Pure. */
export function formatStatus(pods: readonly PodStatus[], { namespaces, now }: TableOptions): string[] {
  // A column is left out when no pod has something for it.
  const columns: Columns = {
    kept: pods.some(({ status }) => (status?.kept?.keeps ?? 0) > 0),
    mirrors: pods.some(({ status }) => status?.mirror !== undefined),
    attached: pods.some(({ status }) => status?.attached !== undefined),
  };
  const heading = [
    'POD',
    'STATE',
    'FILTER',
    'FILES',
    ...(columns.kept ? ['KEPT'] : []),
    'PACKETS',
    'BYTES',
    'DROPPED',
    'BACKLOG',
    ...(columns.mirrors ? ['MIRROR'] : []),
    ...(columns.attached ? ['ATTACHED'] : []),
    'VERSION',
    'LAST ERROR',
  ];
  const rows = pods.map(({ namespace, pod, status, problem }) => ({
    namespace,
    cells: [pod, ...(status === null ? unknownCells(problem ?? '', columns) : statusCells(status, columns, now))],
  }));
  return formatTable([
    namespaces ? ['NAMESPACE', ...heading] : heading,
    ...rows.map(({ namespace, cells }) => (namespaces ? [namespace, ...cells] : cells)),
  ]);
}

/** The columns that are not always there. */
interface Columns {
  readonly kept: boolean;
  readonly mirrors: boolean;
  readonly attached: boolean;
}

function unknownCells(problem: string, columns: Columns): string[] {
  const length = 7 + Object.values(columns).filter(Boolean).length;
  return ['unknown', ...Array.from({ length }, () => '-'), plainText(problem, shownError)];
}

function statusCells(status: AgentStatus, { kept, mirrors, attached }: Columns, now: Date): string[] {
  const { filter = '', ring = {}, packets = 0, bytes = 0, version = '' } = status;
  return [
    plainText(stateText(status)),
    plainText(filter, shownFilter) || '-',
    `${ring.files ?? 0}`,
    ...(kept ? [keptText(status)] : []),
    `${packets}`,
    formatBytes(bytes),
    droppedText(status),
    backlogText(status),
    ...(mirrors ? [mirrorText(status)] : []),
    ...(attached ? [attachedText(status, now)] : []),
    plainText(version, 20) || '-',
    plainText(errorText(status, now), shownError) || '-',
  ];
}

/** The state; a capture that has ended by itself also shows the reason. */
function stateText({ state, reason = '' }: AgentStatus): string {
  return state === 'idle' && reason !== '' && reason !== 'state' ? `idle (${reason})` : state;
}

/** The number of dropped packets, and where they were dropped. */
function droppedText(status: AgentStatus): string {
  const sum = droppedSum(status);
  if (sum === 0) return '0';
  const places = (['kernel', 'interface', 'queue'] as const).flatMap((by) => {
    const count = status.dropped?.[by] ?? 0;
    return count === 0 ? [] : [`${by} ${count}`];
  });
  return `${sum} (${places.join(', ')})`;
}

/** How many files are kept out of the ring's rotation, and what had no room or gave way. */
function keptText({ kept }: AgentStatus): string {
  if (kept === undefined) return '-';
  const { files = 0, bytes = 0, leftOut = 0, removed = 0 } = kept;
  return [
    files === 0 ? '0' : `${files} (${formatBytes(bytes)})`,
    ...(leftOut === 0 ? [] : [`${leftOut} without room`]),
    ...(removed === 0 ? [] : [`${removed} replaced`]),
  ].join(', ');
}

/** Files that wait for their upload, and files that were removed from the ring before it. */
function backlogText({ upload }: AgentStatus): string {
  if (upload === undefined) return '-';
  const { pending = 0, pendingBytes = 0, lost = 0 } = upload;
  const waiting = pending === 0 ? '0' : `${pending} (${formatBytes(pendingBytes)})`;
  return lost === 0 ? waiting : `${waiting}, ${lost} lost`;
}

/** The destination of the mirror and its packets; if it does not mirror, its state. */
function mirrorText({ mirror }: AgentStatus): string {
  if (mirror === undefined) return '-';
  const { state = '', destination = '', packets = 0, dropped = 0 } = mirror;
  return state === 'mirroring'
    ? `${plainText(destination, shownFilter)} ${packets}${dropped === 0 ? '' : `, ${dropped} dropped`}`
    : plainText(state, 20) || '-';
}

/** How long an attached agent stays. */
function attachedText({ attached }: AgentStatus, now: Date): string {
  const seconds = (Date.parse(attached?.until ?? '') - now.getTime()) / 1000;
  if (!Number.isFinite(seconds)) return attached === undefined ? '-' : 'yes';
  return seconds > 0 ? `ends in ${formatAge(seconds)}` : 'is ending';
}

/** What prevents the capture now; otherwise the last error. */
function errorText({ state, reason = '', invalid = [], mirror, lastError }: AgentStatus, now: Date): string {
  const [first] = invalid;
  if (first !== undefined) return `${first.setting}: ${first.reason}`;
  if (state === 'waiting' && reason !== '') return reason;
  const mirrorReason = mirrorProblem(mirror);
  if (mirrorReason !== '') return `mirror: ${mirrorReason}`;
  if (lastError === undefined) return '';
  const seconds = (now.getTime() - Date.parse(lastError.time ?? '')) / 1000;
  return Number.isFinite(seconds) ? `${lastError.reason} (${formatAge(seconds)} ago)` : lastError.reason;
}

function mirrorProblem({ state, reason = '' }: NonNullable<AgentStatus['mirror']> = {}): string {
  return state === 'waiting' || state === 'invalid' ? reason : '';
}
