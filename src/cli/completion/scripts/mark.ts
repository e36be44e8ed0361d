/** In a comment of each script: by it `completion` knows the files that it wrote. */
export const writtenBy = 'Written by packet-capture completion';
