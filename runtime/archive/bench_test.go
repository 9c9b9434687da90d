package archive

import (
	"io"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// BenchmarkPackAgainstTar packs /usr/share and lets tar --zstd do the same, in
// turns; the ratios are ours to tar's, of wall time and of processor time. On a
// machine that others use too, the latter tells more.
func BenchmarkPackAgainstTar(b *testing.B) {
	const root = "/usr/share"
	var ours, tars, ourCPU, tarCPU time.Duration
	for b.Loop() {
		began, before := time.Now(), ownCPU(b)
		_, err := Pack(b.Context(), io.Discard, PackOptions{Root: opened(b, root), Meta: Meta{Version: Version, Name: "web"}})
		must(b, err)
		ours += time.Since(began)
		ourCPU += ownCPU(b) - before
		began = time.Now()
		cmd := exec.Command("tar", "--zstd", "--xattrs", "--numeric-owner", "--one-file-system", "-cf", "-", "-C", root, ".")
		// Through a pipe: into /dev/null tar reads no file at all.
		cmd.Stdout = writer(func(p []byte) (int, error) { return len(p), nil })
		must(b, cmd.Run())
		tars += time.Since(began)
		// With that of zstd, for which tar has waited.
		tarCPU += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	b.ReportMetric(ours.Seconds()/tars.Seconds(), "x_tar")
	b.ReportMetric(ourCPU.Seconds()/tarCPU.Seconds(), "x_tar_cpu")
	b.ReportMetric(ours.Seconds()/float64(b.N), "s_ours")
	b.ReportMetric(tars.Seconds()/float64(b.N), "s_tar")
	b.ReportMetric(0, "ns/op")
}

func ownCPU(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
