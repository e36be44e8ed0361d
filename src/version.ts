/** The version of this project; a test holds it against package.json, so that starting needs no file read. */
export const version = '0.1.0';
