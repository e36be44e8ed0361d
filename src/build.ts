declare const PACKET_CAPTURE_COMMIT: string | undefined;
declare const PACKET_CAPTURE_FORM: 'npm' | 'executable' | undefined;

/** The commit that a release was built from, which its bundler writes in; undefined in a checkout. */
export const commit = typeof PACKET_CAPTURE_COMMIT === 'string' ? PACKET_CAPTURE_COMMIT : undefined;

/** How this program came here: its sources, the npm package, or the executable that has Node in it. */
export const form = typeof PACKET_CAPTURE_FORM === 'string' ? PACKET_CAPTURE_FORM : 'checkout';
