// Package vt is lxcdeck's terminal emulator: bytes in, cells out.
//
// Rules of this room:
//   - No I/O, no goroutine, no clock. A Terminal is not safe for concurrent
//     use: whoever feeds and paints it holds one lock for both.
//   - Nothing a program prints can panic, block or grow it: every count is
//     clamped where it is parsed, strings are capped, tables are bounded and
//     collected, replies wait in a queue that drops what does not fit.
//   - What leaves through Line, Row, Text, Title and their like was made here:
//     printable text and SGR sequences, never a byte that was passed on. The
//     sequences of AppendState are for a zoom, which hands the screen over.
//   - The screen is judged by tmux 3.3a. Where it is not followed, the cases
//     marked odd in cases_test.go say which document speaks against it.
//
// Layers, bottom up: cell and style (what one position holds), row and screen
// (a ring of rows, so that a line feed moves no cells), history (what scrolled
// off, packed as text), parser (bytes to actions), Terminal (what actions do),
// line (rows to strings). Beside them stand what a view of the scrollback asks
// for (rows, find, selection, mark) and state (the whole as bytes).
package vt
