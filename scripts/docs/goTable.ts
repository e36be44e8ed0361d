import {
  agentVariables,
  allowedKeys,
  allowedLists,
  bounds,
  headersOnly,
  settingEnvironment,
  settings,
  type Setting,
} from '../../src/settings/index.ts';
import { attachedSettings, mountPaths, notWhenAttached } from '../../src/sidecar/index.ts';

/**
 * The Go file with what the agent and TypeScript must both know (agent/internal/settings/table.go), formatted as by
 * gofmt.
 */
export function goTable(): string {
  const rows = settings.map((setting) => {
    const { name, type, default: value, text } = setting;
    const fields = [
      `Name: ${go(name)}`,
      `Type: ${go(type)}`,
      `Default: ${go(value)}`,
      `Environment: ${go(settingEnvironment(name))}`,
      ...flags(setting),
      `Text: ${go(text)}`,
    ];
    return `\t{${fields.join(', ')}},`;
  });
  const lists = allowedKeys.map((key) => {
    const list = allowedLists[key];
    const setting = 'setting' in list ? list.setting : '';
    return `\t{Key: ${go(key)}, Setting: ${go(setting)}, Environment: ${go(list.environment)}},`;
  });
  const exported = new Set(['defaultBufferLimit', 'largestBufferLimit']);
  const numbers = Object.entries(bounds).map(([name, value]) => {
    const title = exported.has(name) ? capitalized(name) : name;
    return `// ${title}: see src/settings/bounds.ts.\nconst ${title} = ${value}\n`;
  });
  const { files, settings: folder, upload } = mountPaths;
  return `// Code generated from src/settings and src/sidecar by npm run docs. DO NOT EDIT.

package settings

// Setting is a row of the table.
type Setting struct {
	Name        string
	Type        string
	Default     string
	Environment string
	// Destination: packets go there besides the volume.
	Destination bool
	// Action: each value is done once, when it is first seen, and a release has no default.
	Action bool
	// Harmless: if the value is not valid, the capture goes on without it.
	Harmless bool
	Text     string
}

// Table has every setting, in the order of every listing.
var Table = []Setting{
${rows.join('\n')}
}

// AllowedList is a list by which a release limits what annotations may ask for.
type AllowedList struct {
	// Key is its name in sidecarconfig.yaml.
	Key string
	// Setting is the destination that it limits; empty for the list of settings.
	Setting     string
	Environment string
}

// AllowedLists has every list, see src/settings/allowedLists.ts.
var AllowedLists = []AllowedList{
${lists.join('\n')}
}

// Environment variables of the container, see src/settings/variables.ts.
const (
${constants(Object.entries(agentVariables).map(([name, value]) => [`${capitalized(name)}Variable`, value]))}
)

// Where the volumes are mounted, see src/sidecar/partNames.ts.
const (
${constants(Object.entries({ FilesPath: files, SettingsPath: folder, UploadPath: upload }))}
)

// attachedDefaults take the place of the table's for an attached agent, see src/sidecar/attached.ts.
var attachedDefaults = Values{${Object.entries(attachedSettings)
    .map(([name, value]) => `${go(name)}: ${go(value)}`)
    .join(', ')}}

// notWhenAttached are the settings that an attached agent cannot have, see src/sidecar/attached.ts.
var notWhenAttached = []string{${notWhenAttached.map(go).join(', ')}}

// headersOnly is the value of snaplen that keeps only headers.
const headersOnly = ${go(headersOnly)}

${numbers.join('\n')}`;
}

/** Lines of a block of constants, aligned as by gofmt. */
function constants(values: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...values.map(([name]) => name.length));
  return values.map(([name, value]) => `\t${name.padEnd(width)} = ${go(value)}`).join('\n');
}

/** What is true of the setting, as fields of a struct in Go. */
function flags({ destination, action, harmless }: Setting): readonly string[] {
  return Object.entries({ Destination: destination, Action: action, Harmless: harmless })
    .filter(([, value]) => value === true)
    .map(([name]) => `${name}: true`);
}

function capitalized(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** A string literal of Go. JSON and Go write the escapes of these texts in the same way. */
function go(text: string): string {
  return JSON.stringify(text);
}
