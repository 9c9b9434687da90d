package views

import (
	"fmt"
	"testing"
)

// manyRows is a host with as many containers as a frame has to sort through.
func manyRows(n int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = running(fmt.Sprintf("web-%03d", i), float64(i%130), uint64(i+1)*7*mib, 4*gib, "10.0.3.21")
	}
	return rows
}

// BenchmarkFrame paints whole screens of 200x50 with 300 containers.
func BenchmarkFrame(b *testing.B) {
	th := theme(b, "", ThemeOptions{Colors: 16})
	list, host := listState(manyRows(300)), hostState()
	for name, mode := range map[string]Mode{"list": {Detail: Closed}, "detail": {Detail: Open}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = screen(th, 200, 50, mode, list, host).String()
			}
		})
	}
}

func BenchmarkPanes(b *testing.B) {
	th := theme(b, "", ThemeOptions{Colors: 16})
	list, host := listState(manyRows(300)), hostState()
	detail := detailState(&list.Rows[0])
	frame := screen(th, 200, 50, Mode{Detail: Open}, list, host)
	sh := shellState()
	sh.Body = Fit(th.List(list, 103, 45), 103, 45) // rows with as many styles as a busy program's
	box := th.Prompt(&PromptState{Title: "Stop web-1?", Targets: []Target{{Name: "web-1"}}}, 80, 10)
	for name, paint := range map[string]func(){
		"host":   func() { th.Host(host, 200, 2) },
		"list":   func() { th.List(list, 96, 46) },
		"detail": func() { th.Detail(detail, 103, 45) },
		"shell":  func() { th.Shell(sh, 103, 45) },
		"over":   func() { Centre(frame, box) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				paint()
			}
		})
	}
}

func BenchmarkSort(b *testing.B) {
	rows := manyRows(300)
	b.ReportAllocs()
	for b.Loop() {
		SortRows(rows, ColCPU, true)
	}
}
