import { codedError } from '../errors.ts';

/** The whole number that a flag gives. @throws USAGE unless it is 1 to `most` */
export function countOf(text: string, flag: string, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw codedError('USAGE', `it is not a whole number from 1 to ${most}`, { where: flag });
  return value;
}
