/** What `!!` stands for. */
export const yamlTags = 'tag:yaml.org,2002:';

/** `!!str` for a tag of YAML's own; any other as it is. */
export function shortTag(tag: string): string {
  return tag.startsWith(yamlTags) ? `!!${tag.slice(yamlTags.length)}` : tag;
}
