import { endOfString } from './jsonExcess.ts';
import type { Review } from './review.ts';

/** The fields of a review that an answer and its log line need. */
export type ReviewHead = Pick<Review, 'apiVersion' | 'uid' | 'namespace' | 'name' | 'dryRun'>;

/** Longer strings cannot be a uid, name or namespace. */
const maxString = 1024;

const [quote, colon] = [0x22, 0x3a];
const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
const levels: ReadonlyMap<number, number> = new Map([
  [0x5b, 1],
  [0x7b, 1],
  [0x5d, -1],
  [0x7d, -1],
]);

/** The members of one of the two objects that are read: the review and its request. */
interface Members {
  /** The latest key. */
  key: string;
  readonly texts: Map<string, string>;
}

/**
 * Reads the head of a review that is too large to be parsed, or of which only the beginning was kept, in one pass over
 * the strings of the review and of its request. API servers write uid, name and namespace before the object
 * (staging/src/k8s.io/api/admission/v1/types.go), so reading ends there.
 * @returns undefined when it is not an AdmissionReview that can be answered
 */
export function readReviewHead(json: Buffer): ReviewHead | undefined {
  const review: Members = { key: '', texts: new Map() };
  const request: Members = { key: '', texts: new Map() };
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at] ?? 0;
    if (byte === quote) {
      const end = endOfString(json, at);
      if (depth === 1) readString(review, json, at, end);
      else if (depth === 2 && review.key === 'request') readString(request, json, at, end);
      at = end;
      if (request.key === 'object' && request.texts.has('uid')) break;
    } else {
      depth += levels.get(byte) ?? 0;
    }
  }
  return headOf(review.texts, request.texts);
}

/** Reads the string between two quotes as the next key, or as the value of the latest key. */
function readString(members: Members, json: Buffer, from: number, to: number): void {
  const text = textOf(json, from, to);
  if (followedByColon(json, to)) members.key = text;
  else members.texts.set(members.key, text);
}

function headOf(review: ReadonlyMap<string, string>, request: ReadonlyMap<string, string>): ReviewHead | undefined {
  const [apiVersion = '', uid = ''] = [review.get('apiVersion'), request.get('uid')];
  if (review.get('kind') !== 'AdmissionReview' || !apiVersion.startsWith('admission.k8s.io/') || uid === '')
    return undefined;
  return { apiVersion, uid, namespace: request.get('namespace') ?? '', name: request.get('name') ?? '', dryRun: false };
}

/** The string between two quotes; empty when it is too long or invalid. */
function textOf(json: Buffer, from: number, to: number): string {
  if (to - from > maxString) return '';
  try {
    return JSON.parse(json.toString('utf8', from, to + 1)) as string;
  } catch {
    return '';
  }
}

function followedByColon(json: Buffer, quoteAt: number): boolean {
  let at = quoteAt + 1;
  while (isSpace(json[at])) at += 1;
  return json[at] === colon;
}
