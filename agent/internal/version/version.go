// Package version says which release of packet-capture this program belongs to.
package version

// Version is that of the whole project; a test of the project holds it against package.json. The command line asks a
// running agent for it, since the two may be of different releases.
const Version = "0.1.0"
