// Package views paints: state in, exactly W x H cells out.
//
// Rules of this room:
//   - No clock, no os, no goroutine, no Bubble Tea. Times come in as Now.
//   - Every pane gives a Block of exactly the size it was asked for, whatever
//     the state holds; an overlay gives a box no larger than that.
//   - Foreign text (names, errors, log lines) passes Clean before it is
//     measured. Text is cut and padded plain, and styled after.
//   - Colours and glyphs come from the Theme by meaning. What a colour says, a
//     letter says too.
//   - Absent is "-", never 0.
package views
