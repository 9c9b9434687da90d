package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxHead is how much of a stream is read to find its head, in bytes: Meta, config
// and what the decoder reads beyond them.
const maxHead = 8 << 20

// Head reads what an archive says of itself, and the config in it, before anything
// is made of it. again gives the whole stream, with what was read. Nothing of it is
// verified yet: Unpack does that.
func Head(r io.Reader) (m Meta, config []byte, again io.Reader, err error) {
	var seen bytes.Buffer
	again = io.MultiReader(&seen, r)
	dec, err := zstd.NewReader(io.TeeReader(io.LimitReader(r, maxHead), &seen),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return m, nil, again, fmt.Errorf("unpack: %w", err)
	}
	defer dec.Close()
	u := &unpacker{ctx: context.Background(), tar: tar.NewReader(dec)}
	err = u.head()
	return u.out.Meta, u.out.Config, again, err
}
