import { version } from '../version.ts';

/**
 * The registry of the images until a user names one. Names below `.invalid` are reserved and never resolve, so nobody
 * can publish an image under a default name of this project.
 * @see https://www.rfc-editor.org/rfc/rfc2606#section-2
 */
export const placeholderRegistry = 'registry.invalid';

/** Names of the images without registry and tag. */
export const imageRepositories = { agent: 'packet-capture/agent', injector: 'packet-capture/injector' } as const;

/** The default image, which cannot be pulled: users name their own. */
export function placeholderImage(name: keyof typeof imageRepositories): string {
  return `${placeholderRegistry}/${imageRepositories[name]}:${version}`;
}

/** Whether a reference has the placeholder registry, with any repository, tag or digest. */
export function isPlaceholderImage(image: string): boolean {
  return image.startsWith(`${placeholderRegistry}/`);
}

const hostLabel = '[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?';
const host = `(${hostLabel}(\\.${hostLabel})*|\\[[0-9A-Fa-f:.]+\\])(:[0-9]+)?`;
const path = '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*';
const reference = new RegExp(
  `^(${host}/)?${path}(/${path})*(:\\w[\\w.-]{0,127})?(@[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
);

/**
 * Whether the kubelet can parse a reference. A pod with any other one stays in InvalidImageName.
 * @see https://github.com/distribution/reference/blob/main/reference.go
 */
export function isImageReference(text: string): boolean {
  return text.length <= 512 && reference.test(text);
}
