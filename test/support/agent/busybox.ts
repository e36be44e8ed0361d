const architectures = {
  x64: ['lib64/ld-linux-x86-64.so.2', 'lib/x86_64-linux-gnu'],
  arm64: ['lib/ld-linux-aarch64.so.1', 'lib/aarch64-linux-gnu'],
} as const;

/** What to put before the arguments of the image's own shell to run it outside the image, with this machine's files. */
export function busybox(root: string): string[] {
  const [loader, libraries] = architectures[process.arch as keyof typeof architectures];
  return [`${root}/${loader}`, '--library-path', `${root}/${libraries}`, `${root}/usr/bin/busybox`];
}
