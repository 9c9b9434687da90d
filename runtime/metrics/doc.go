// Package metrics gives the figures of all containers to Prometheus.
//
// Rules of this room:
//   - It knows the contract alone, and asks the Runtime in at most one
//     collection at a time. Who comes meanwhile, or shortly after it, gets the
//     same figures.
//   - Every question has a deadline. What did not answer is not asked again
//     before it has; the scrape answers without it and says so.
//   - Counters are the kernel's own, never rates. Absent is not zero: what was
//     not read, or is unlimited, has no series.
//   - No text of a container but its name leaves here: no command lines, no
//     log, no configuration. Labels are printable UTF-8 whatever the name is.
//   - Names of figures and labels are a promise: they are added to, never changed.
//   - No registry: that of the library takes 23 ms for 12,000 series, to build
//     them here 2. Tests hold them to the library's own rules.
package metrics
