// Package job is what command line and screen share of work on several
// containers at once.
//
// Rules of this room:
//   - It knows the contract alone: whatever Runtime it is given does the work.
//   - It tells how it goes by a function of its caller, from one goroutine at a
//     time, and returns when all of it is over.
package job
