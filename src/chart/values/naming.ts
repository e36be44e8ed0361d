import type { PullSecrets } from './images.ts';
import * as is from './schemas.ts';
import { group, leaf, string, type Group } from './tree.ts';

export type Labels = Readonly<Record<string, string>>;

export const nameOverride = string(
  '',
  "used instead of the chart's name in the names of objects",
  is.namespaceNameOrEmpty,
);
export const fullnameOverride = string(
  '',
  'full name of the Deployment and the Service; the names of all objects begin with it',
  is.namespaceNameOrEmpty,
);
export const namespaceOverride = string('', "namespace of the objects; empty: the release's", is.namespaceNameOrEmpty);

const globalFields = {
  imageRegistry: string('', 'registry of the images that do not name one', is.registry),
  imagePullSecrets: leaf<PullSecrets>([], 'pull secrets for all images', is.pullSecrets),
};

export const globalValues: Group<typeof globalFields> & { readonly open: true } = {
  ...group('values that are shared with a parent chart', globalFields),
  open: true,
};

export const commonLabels = leaf<Labels>({}, 'labels of every object; selectors do not use them', is.labels);
export const commonAnnotations = leaf<Labels>({}, 'annotations of every object', is.annotations);
