import { codedError } from '../../errors.ts';
import { parseDocuments } from './parseDocument.ts';

/**
 * The value of a text with one YAML document, as kubectl reads it; JSON is YAML too. Null for an empty text.
 * @param file the name of the text in errors
 * @throws YAML_INVALID, also for a second document
 */
export function yamlValue(text: string, file: string): unknown {
  const [first, second] = parseDocuments(text, file);
  if (second !== undefined)
    throw codedError('YAML_INVALID', 'there is more than one document', { where: file, hint: 'Keep one of them.' });
  return first === undefined ? null : first.values.of(first.root);
}
