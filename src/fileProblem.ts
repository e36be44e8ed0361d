/** What the codes of the operating system mean for somebody who has named a path. */
const words: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write or read there',
  EDQUOT: 'the quota of this user is used up',
  EEXIST: 'something of that name is there already',
  EISDIR: 'it is a folder, not a file',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'it, or a folder above it, does not exist',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EPERM: 'this user may not do that there',
  EROFS: 'the file system is read-only',
  ERR_FS_EISDIR: 'it is a folder, not a file',
};

/**
 * Why a file could not be read or written, for the message of an error: in words, with the code for those who look it
 * up. An error without a known code keeps its message. Pure.
 */
export function fileProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const text = words[code];
  return text === undefined ? error.message : `${text} (${code})`;
}
