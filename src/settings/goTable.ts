import { settingEnvironment } from './annotations.ts';
import { bounds, headersOnly } from './bounds.ts';
import { isDestination, settings } from './table.ts';

/** The Go file with the table and the bounds (agent/internal/settings/table.go), formatted as by gofmt. */
export function goTable(): string {
  const rows = settings.map(
    ({ name, type, default: value, text }) =>
      `\t{Name: ${go(name)}, Type: ${go(type)}, Default: ${go(value)}, Environment: ${go(settingEnvironment(name))}${isDestination(name) ? ', Destination: true' : ''}, Text: ${go(text)}},`,
  );
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
	Text        string
}

// Table has every setting, in the order of every listing.
var Table = []Setting{
${rows.join('\n')}
}

// headersOnly is the value of snaplen that keeps only headers.
const headersOnly = ${go(headersOnly)}

${numbers.join('\n')}`;
}

/** A string literal of Go. JSON and Go write the escapes of these texts in the same way. */
function go(text: string): string {
  return JSON.stringify(text);
}
