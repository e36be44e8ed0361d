import { imageRepositories, isPlaceholderImage, placeholderRegistry } from '../../sidecar/index.ts';
import { fieldsOf, textOf, wayOf, type Values } from '../helm/releaseValues.ts';
import { finding, type Finding } from './preflightFindings.ts';

/**
 * Findings for images without a registry: the pods of the release, and those of the apps, would never start.
 * The chart refuses them too; see `packet-capture.imageProblems` in its templates. Pure.
 * @param values the chart's defaults merged with the given values
 */
export function imageFindings(values: Values): Finding[] {
  return usedImages(values)
    .filter(({ image }) => isPlaceholderImage(image))
    .map(({ key, image }) => finding('registry_not_named', key, `it names no registry, so ${image} cannot be pulled`));
}

/** The values with a placeholder for missing registries, so that the chart can be rendered and checked. Pure. */
export function withStandIn(values: Values): Values {
  return { ...values, global: { ...fieldsOf(values['global']), imageRegistry: 'registry.example' } };
}

function usedImages(values: Values): Array<{ readonly key: string; readonly image: string }> {
  const sidecar = fieldsOf(values['sidecar']);
  const own = ['containers', 'initContainers'].some((key) => Array.isArray(sidecar[key]) && sidecar[key].length > 0);
  return [
    ...(own ? [] : [{ key: 'agent.image', image: imageOf(values, fieldsOf(values['agent'])['image']) }]),
    ...(wayOf(values) === 'policy' ? [] : [{ key: 'image', image: imageOf(values, values['image']) }]),
  ];
}

/** The name without tag and digest, as `packet-capture.image` makes it. */
function imageOf(values: Values, image: unknown): string {
  const fields = fieldsOf(image);
  const repository = textOf(fields['repository']);
  const unnamed = Object.values<string>(imageRepositories).includes(repository) ? placeholderRegistry : '';
  const registry = [fields['registry'], fieldsOf(values['global'])['imageRegistry'], unnamed]
    .map(textOf)
    .find((text) => text !== '');
  return registry === undefined ? repository : `${registry}/${repository}`;
}
