// Package runtime is lxcdeck's contract with whatever runs the containers:
// types and rules without effects, on the standard library alone.
//
// Rules of this room:
//   - Absent is not zero. A Value that was not read says so; a State that was
//     not read is Unknown.
//   - A container is a Ref, never a bare name: several lxcpaths are normal and
//     two of them may hold the same name.
//   - Everything that may take time takes a context and honours its deadline.
//   - What is said of an operation (name, accepted states, question) stands in
//     the one table of op.go.
//
// The name shadows the standard library's runtime package; import that one as
// goruntime where it is needed.
package runtime
