import { statusAnnotation } from '../settings/index.ts';
import { containerName, formatStatus, probeAnnotation, volumeNames } from '../sidecar/index.ts';
import { version } from '../version.ts';
import { celOf } from './cel.ts';
import { parameter } from './parameters.ts';
import type { Variable } from './variable.ts';

const status = { [statusAnnotation]: formatStatus({ containers: [containerName], volumes: Object.values(volumeNames) }) };

/** `annotations`: what was added; on a probe, whose answer it is too. */
export const annotationVariables: readonly Variable[] = [
  {
    name: 'annotations',
    expression: `${parameter('profile')} == 'probe'
? ${celOf({ ...status, [probeAnnotation]: version })}
: ${celOf(status)}`,
  },
];

/** Of keys and values; the names are ASCII. */
export const addedAnnotationBytes = Object.entries(status).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
