import { statusAnnotation } from '../settings/index.ts';
import { containerName, containerNames, formatStatus, probeAnnotation, volumeNames } from '../sidecar/index.ts';
import { version } from '../version.ts';
import { celString } from './cel.ts';
import { parameter } from './parameters.ts';
import type { Variable } from './variable.ts';

const volumes = Object.values(volumeNames);
const withMirror = formatStatus({ containers: containerNames, volumes });
const withoutMirror = formatStatus({ containers: [containerName], volumes });
const key = celString(statusAnnotation);

/** `annotations`: what was added; on a probe, whose answer it is too. */
export const annotationVariables: readonly Variable[] = [
  { name: 'status', expression: `variables.mirror ? ${celString(withMirror)} : ${celString(withoutMirror)}` },
  {
    name: 'annotations',
    expression: `${parameter('profile')} == 'probe'
? {${key}: variables.status, ${celString(probeAnnotation)}: ${celString(version)}}
: {${key}: variables.status}`,
  },
];

/** Of the longest; the names are ASCII. */
export const addedAnnotationBytes = statusAnnotation.length + withMirror.length;
