import { settingEnvironment } from './annotations.ts';
import { bounds, headersOnly } from './bounds.ts';
import { settings, type Setting } from './table.ts';

/** The Go file with the table and the bounds (agent/internal/settings/table.go), formatted as by gofmt. */
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
  const exported = new Set(['defaultBufferLimit', 'largestBufferLimit']);
  const numbers = Object.entries(bounds).map(([name, value]) => {
    const title = exported.has(name) ? `${name.charAt(0).toUpperCase()}${name.slice(1)}` : name;
    return `// ${title}: see src/settings/bounds.ts.\nconst ${title} = ${value}\n`;
  });
  return `// Code generated from src/settings by npm run docs. DO NOT EDIT.

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

// headersOnly is the value of snaplen that keeps only headers.
const headersOnly = ${go(headersOnly)}

${numbers.join('\n')}`;
}

/** What is true of the setting, as fields of a struct in Go. */
function flags({ destination, action, harmless }: Setting): readonly string[] {
  return Object.entries({ Destination: destination, Action: action, Harmless: harmless })
    .filter(([, value]) => value === true)
    .map(([name]) => `${name}: true`);
}

/** A string literal of Go. JSON and Go write the escapes of these texts in the same way. */
function go(text: string): string {
  return JSON.stringify(text);
}
