import type { PullSecrets } from './images.ts';
import * as is from './schemas.ts';
import { group, leaf, string, type Group } from './tree.ts';

export type Labels = Readonly<Record<string, string>>;

export const nameOverride = string('', "replaces the chart's name in the names of objects", is.namespaceNameOrEmpty);
export const fullnameOverride = string('', 'the full name of the Deployment and the Service', is.namespaceNameOrEmpty);
export const namespaceOverride = string(
  '',
  "namespace of the objects; empty: the release's namespace",
  is.namespaceNameOrEmpty,
);

const globalFields = {
  imageRegistry: string('', 'registry of images without a registry of their own', is.registry),
  imagePullSecrets: leaf<PullSecrets>([], 'names of pull secrets for all images', is.pullSecrets),
};

export const globalValues: Group<typeof globalFields> & { readonly open: true } = {
  ...group('shared with a parent chart', globalFields),
  open: true,
};

export const commonLabels = leaf<Labels>({}, 'labels of every object, but not in selectors', is.labels);
export const commonAnnotations = leaf<Labels>({}, 'annotations of every object', is.annotations);
