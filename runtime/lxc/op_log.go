package lxc

import (
	"io"
	"os"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"
)

// operationLog collects liblxc's ERROR lines of one operation. A log file
// that the configuration names stays in use, as the monitor that a start
// leaves behind goes on writing to it; what is new in it counts.
// The file is to be closed when all is read; it may be nil.
func operationLog(c *golxc.Container) (read func() string, file *os.File) {
	name := c.LogFile()
	if name == "" {
		return captureLogFile(c)
	}
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return captureLogFile(c)
	}
	if c.ConfigItem("lxc.log.level")[0] == "" || c.LogLevel() > golxc.ERROR {
		_ = c.SetLogLevel(golxc.ERROR)
	}
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		_ = f.Close()
		return captureLogFile(c)
	}
	return func() string {
		b, _ := io.ReadAll(io.LimitReader(f, maxLog))
		return errorLines(string(b))
	}, f
}
