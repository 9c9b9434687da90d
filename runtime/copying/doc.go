// Package copying copies files and folders from one tree to another, of which either
// may be changed by somebody hostile meanwhile. It knows nothing of containers.
//
// Send reads one side and Receive writes the other, with a stream between them, as tar
// has it: each runs where it has the rights for its side and no more, be that in one
// process, or in two of which one is in another user namespace. Both go by directory
// descriptors, one name at a time; no link is followed, no mount is entered, and
// nothing but regular files is opened.
//
// The tree is walked twice. The first time the other side hears names and sizes, and
// can refuse before anything is made; the second time it gets the contents.
package copying
