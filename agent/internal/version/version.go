// Package version holds the version of the program.
package version

// Version is the version of the whole project; a test compares it with package.json. The command line asks a running
// agent for it, because the two may be of different releases.
const Version = "0.1.0"
