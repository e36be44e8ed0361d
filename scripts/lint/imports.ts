/** A file of src: its path within src, and its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** What a file imports, exports from elsewhere, or loads. */
export interface Import {
  /** As it is written. */
  readonly from: string;
  /** It is gone when the program runs. */
  readonly typeOnly: boolean;
}

/** The imports of a file: static ones, `export … from`, and `import()`. */
export function importsOf(text: string): Import[] {
  const found = text.matchAll(
    /^(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  );
  return [...found].map(([, type, path, dynamic]) => ({ from: path ?? dynamic ?? '', typeOnly: type !== undefined }));
}
