import type { PullSecrets } from './images.ts';
import * as is from './schemas.ts';
import { group, leaf, string, type Group } from './tree.ts';

export type Labels = Readonly<Record<string, string>>;

export const nameOverride = string('', "stands for the chart's name in the names of objects", is.namespaceNameOrEmpty);
export const fullnameOverride = string('', 'the whole name of the Deployment and the Service', is.namespaceNameOrEmpty);
export const namespaceOverride = string('', "empty: the release's namespace", is.namespaceNameOrEmpty);

const globalFields = {
  imageRegistry: string('', 'registry of the images that name none', is.registry),
  imagePullSecrets: leaf<PullSecrets>([], 'Secrets for all images', is.pullSecrets),
};

export const globalValues: Group<typeof globalFields> & { readonly open: true } = {
  ...group('shared with a parent chart', globalFields),
  open: true,
};

export const commonLabels = leaf<Labels>({}, 'on every object, selectors excepted', is.labels);
export const commonAnnotations = leaf<Labels>({}, 'on every object', is.annotations);
