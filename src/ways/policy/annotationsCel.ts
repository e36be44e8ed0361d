import { inFrontOf, localVolumesAnnotation, ourLocalVolumes } from '../../inject/index.ts';
import { statusAnnotation } from '../../settings/index.ts';
import { containerName, containerNames, formatStatus, probeAnnotation, volumeNames } from '../../sidecar/index.ts';
import { version } from '../../version.ts';
import { celString, type Variable } from './cel.ts';
import { parameter } from './parameters.ts';

const volumes = Object.values(volumeNames);
const statusKey = celString(statusAnnotation);
const listKey = celString(localVolumesAnnotation);
const annotations = 'object.metadata.annotations';

/** The status annotation of a pod that has the annotation about local volumes, or gets it, in CEL. */
function statusOf(containers: readonly string[]): string {
  const [extended, added] = (['extended', 'annotations'] as const).map((key) =>
    celString(formatStatus({ containers, volumes, [key]: [localVolumesAnnotation] })),
  );
  return `(variables.listed ? ${extended} : ${added})`;
}

/** The variable `annotations`: what is added, and what is put before a value; for a probe, also who answers. */
export const annotationVariables: readonly Variable[] = [
  { name: 'listed', expression: `has(${annotations}) && ${listKey} in ${annotations}` },
  {
    name: 'localVolumes',
    expression: `!variables.listed || ${annotations}[${listKey}] == ''
? ${celString(ourLocalVolumes)}
: ${celString(inFrontOf('x'))} + string(${annotations}[${listKey}])`,
  },
  { name: 'status', expression: `variables.mirror ? ${statusOf(containerNames)} : ${statusOf([containerName])}` },
  {
    name: 'annotations',
    expression: `${parameter('profile')} == 'probe'
? {${statusKey}: variables.status, ${celString(probeAnnotation)}: ${celString(version)}}
: {${statusKey}: variables.status, ${listKey}: variables.localVolumes}`,
  },
];

/** The size of the longest added annotations; the names are ASCII. */
export const addedAnnotationBytes =
  statusAnnotation.length +
  formatStatus({ containers: containerNames, volumes, annotations: [localVolumesAnnotation] }).length +
  localVolumesAnnotation.length +
  inFrontOf('x').length;
