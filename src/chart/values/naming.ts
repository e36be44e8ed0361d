import type { PullSecrets } from './images.ts';
import * as is from './schemas.ts';
import { group, leaf, string, type Group } from './tree.ts';

/** Labels or annotations as a value has them. Numbers must be quoted, as in a manifest. */
export type Labels = Readonly<Record<string, string>>;

/** The value `nameOverride`, as in the charts that `helm create` makes. */
export const nameOverride = string(
  '',
  "used instead of the chart's name in the names of objects",
  is.namespaceNameOrEmpty,
);
/** The value `fullnameOverride`, as in the charts that `helm create` makes. */
export const fullnameOverride = string(
  '',
  'full name of the Deployment and the Service; the names of all objects begin with it',
  is.namespaceNameOrEmpty,
);
/** The value `namespaceOverride`. Helm does not create that namespace; it must exist. */
export const namespaceOverride = string('', "namespace of the objects; empty: the release's", is.namespaceNameOrEmpty);

const globalFields = {
  imageRegistry: string('', 'registry of the images that do not name one', is.registry),
  imagePullSecrets: leaf<PullSecrets>([], 'pull secrets for all images', is.pullSecrets),
};

/** The values below `global`, which Helm passes to all charts of a parent. Other charts have other keys there. */
export const globalValues: Group<typeof globalFields> & { readonly open: true } = {
  ...group('values that are shared with a parent chart', globalFields),
  open: true,
};

/** The value `commonLabels`. A selector cannot be changed, so it does not contain them. */
export const commonLabels = leaf<Labels>({}, 'labels of every object; selectors do not use them', is.labels);
/** The value `commonAnnotations`. */
export const commonAnnotations = leaf<Labels>({}, 'annotations of every object', is.annotations);
