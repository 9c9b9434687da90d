// Package record writes what lxcdeck saves for the person at the keyboard:
// files that nobody else can read, that replace nothing and that never lie
// inside a container, and recordings of terminal sessions as asciicast v2.
//
// Rules of this room:
//
//   - Create and Begin are the only ways to a file. They trust no path: every
//     directory on the way is opened, checked and used through its descriptor.
//   - A recording holds output only, never what was typed.
//   - Nothing here makes its caller wait for a disk. A recording that the disk
//     cannot keep up with ends with an error and is whole up to that point.
package record
