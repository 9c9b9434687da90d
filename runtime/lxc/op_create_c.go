package lxc

/*
#cgo pkg-config: lxc
#include <stdbool.h>
#include <stdlib.h>
#include <lxc/lxccontainer.h>

#define DECK_PREFIX "lxcdeck"

static bool deck_load(struct lxc_container *c, const char *file)
{
	return c->load_config(c, file);
}

static bool deck_create(struct lxc_container *c, const char *template, const char *type,
			struct bdev_specs *specs, char **argv)
{
	return c->create(c, template, type, specs, 0, argv);
}

static int deck_log(char *file)
{
	struct lxc_log log = { .file = file, .level = "ERROR", .prefix = DECK_PREFIX, .quiet = true };

	return lxc_log_init(&log);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"strconv"
	"unsafe"

	"lxcdeck/runtime"
)

// This file calls liblxc where go-lxc does not do: its Create frees the backing
// store's specifications before liblxc reads them, takes "n", "no" and "non" for
// no template at all, and knows only some of the stores.

// logPrefix begins the lines that liblxc prints of its log.
const logPrefix = C.DECK_PREFIX

// globalLog makes liblxc write the ERROR lines of this whole process to memory:
// the log of a handle would be saved with the configuration that it makes. It
// cannot be taken back: lxc_log_close leaves it on standard error alone.
func globalLog() (read func() string) {
	f, err := memFile("liblxc log")
	if err != nil {
		return func() string { return "" }
	}
	name := C.CString("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	defer C.free(unsafe.Pointer(name))
	if C.deck_log(name) != 0 {
		f.Close()
		return func() string { return "" }
	}
	return func() string {
		b := make([]byte, maxLog)
		n, _ := f.ReadAt(b, 0)
		return cleanLog(string(b[:n]))
	}
}

// createIn lets liblxc make a container: its store, its root by the template,
// its configuration out of the text given. What the template prints goes to this
// process's own standard output and error.
func createIn(ref runtime.Ref, template, config string, b *runtime.Backing, args []string) error {
	// In memory, so that no other process sees or changes it.
	file, err := memFile("config")
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(config)
	if err != nil {
		return fmt.Errorf("config in memory: %w", err)
	}
	var s cStrings
	defer s.free()
	c := C.lxc_container_new(s.of(ref.Name), s.of(ref.Path))
	if c == nil {
		return errors.New("liblxc: no handle for it")
	}
	defer C.lxc_container_put(c)
	if !C.deck_load(c, s.of("/proc/self/fd/"+strconv.Itoa(int(file.Fd())))) {
		return errors.New("liblxc: its first config cannot be loaded")
	}
	specs := (*C.struct_bdev_specs)(C.calloc(1, C.sizeof_struct_bdev_specs))
	defer C.free(unsafe.Pointer(specs))
	specs.dir, specs.fstype, specs.fssize = s.opt(b.Dir), s.opt(b.FSType), C.uint64_t(b.Size)
	specs.zfs.zfsroot = s.opt(b.ZFSRoot)
	specs.lvm.vg, specs.lvm.lv, specs.lvm.thinpool = s.opt(b.VG), s.opt(b.LV), s.opt(b.ThinPool)
	specs.rbd.rbdpool, specs.rbd.rbdname = s.opt(b.RBDPool), s.opt(b.RBDName)
	if !C.deck_create(c, s.of(template), s.opt(b.Type), specs, s.list(args)) {
		return errors.New("liblxc: it could not be made")
	}
	return nil
}

// cStrings are strings that C has to do with until they are freed together.
type cStrings struct{ all []unsafe.Pointer }

func (s *cStrings) of(text string) *C.char {
	p := C.CString(text)
	s.all = append(s.all, unsafe.Pointer(p))
	return p
}

// opt is NULL for what is not given.
func (s *cStrings) opt(text string) *C.char {
	if text == "" {
		return nil
	}
	return s.of(text)
}

// list is a vector that ends with NULL.
func (s *cStrings) list(words []string) **C.char {
	p := C.calloc(C.size_t(len(words)+1), C.size_t(unsafe.Sizeof(uintptr(0))))
	s.all = append(s.all, p)
	vector := unsafe.Slice((**C.char)(p), len(words)+1)
	for i, w := range words {
		vector[i] = s.of(w)
	}
	return (**C.char)(p)
}

func (s *cStrings) free() {
	for _, p := range s.all {
		C.free(p)
	}
	s.all = nil
}
