// Package host reads what the kernel says of the whole machine into
// runtime.HostSample.
//
//	s := host.New("", "/var/lib/lxc") // root of the file system, "" = this machine; an lxcpath
//	err := s.Sample(&sample)          // each tick; see Sampler.Sample
//	s.Close()
//
// Files are held open and read with pread; after the first read nothing is
// allocated. What cannot be read or understood is absent.
package host
