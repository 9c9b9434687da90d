// Package vt is lxcdeck's terminal emulator: bytes in, cells out.
//
// Rules of this room:
//   - No I/O, no goroutine, no clock. A Terminal is not safe for concurrent
//     use: whoever feeds and paints it holds one lock for both.
//   - Nothing a program prints can panic, block or grow it: every count is
//     clamped where it is parsed, strings are capped, tables are bounded and
//     collected, replies wait in a queue that drops what does not fit.
//   - What leaves through Line, ScrollLine, PlainLine, Title and Cell was made
//     here: printable text and SGR sequences, never a byte that was passed on.
//   - The screen is judged by tmux. Where tmux and xterm's ctlseqs document
//     disagree, cases_test.go says who was followed and why.
//
// Layers, bottom up: cell and style (what one position holds), row and screen
// (a ring of rows, so that a line feed moves no cells), history (what scrolled
// off, packed as text), parser (bytes to actions), Terminal (what actions do),
// line (rows to strings).
package vt
