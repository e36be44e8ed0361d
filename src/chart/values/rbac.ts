import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { flag, group, leaf } from './tree.ts';

/** Roles for people; the injector has no rights. */
export const rbac = group('roles for people; nobody gets one without a RoleBinding of yours', {
  attach: flag(false, 'create a ClusterRole NAME.NAMESPACE-attach with the rights of `packet-capture attach`'),
  labels: leaf<Labels>({}, 'labels of the ClusterRole', is.labels),
  annotations: leaf<Labels>({}, 'annotations of the ClusterRole', is.annotations),
});
