// Package tui is the loop: one Bubble Tea model, and the only package that
// knows messages.
//
// Rules of this room:
//   - Only Update changes the Model, View reads it, commands touch the world.
//     Commands capture copies and answer with one message. What comes back
//     carries an id or a generation; strangers are dropped.
//   - No call of the runtime, no file and no sleep in Update or View.
//   - A goroutine starts in outside.spawn and nowhere else; it reaches the
//     loop through outside.send.
//   - All that a person asks for passes do, whatever key, menu or palette it
//     came from.
//   - Time comes from the clock, so that tests turn it by hand.
package tui
