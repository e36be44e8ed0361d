import { join } from 'node:path';

/** Folder of this project. */
export const root = join(import.meta.dirname, '..', '..');
