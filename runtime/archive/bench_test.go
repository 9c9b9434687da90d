package archive

import (
	"io"
	"os/exec"
	"testing"
	"time"
)

// BenchmarkPackAgainstTar packs /usr/share and lets tar --zstd do the same, in
// turns; the ratio is ours to tar's.
func BenchmarkPackAgainstTar(b *testing.B) {
	const root = "/usr/share"
	ours, tars := time.Duration(0), time.Duration(0)
	for b.Loop() {
		began := time.Now()
		_, err := Pack(b.Context(), io.Discard, PackOptions{Root: opened(b, root), Meta: Meta{Version: Version, Name: "web"}})
		must(b, err)
		ours += time.Since(began)
		began = time.Now()
		cmd := exec.Command("tar", "--zstd", "--xattrs", "--numeric-owner", "--one-file-system", "-cf", "-", "-C", root, ".")
		// Through a pipe: into /dev/null tar reads no file at all.
		cmd.Stdout = writer(func(p []byte) (int, error) { return len(p), nil })
		must(b, cmd.Run())
		tars += time.Since(began)
	}
	b.ReportMetric(ours.Seconds()/tars.Seconds(), "x_tar")
	b.ReportMetric(ours.Seconds()/float64(b.N), "s_ours")
	b.ReportMetric(tars.Seconds()/float64(b.N), "s_tar")
	b.ReportMetric(0, "ns/op")
}
