package tui

import (
	"slices"
	"sync"
)

const (
	// scrollbackBudget is what the scrollbacks of all sessions may take.
	scrollbackBudget = 200 << 20
	// budgetStep is how much a scrollback grows before all are counted again.
	budgetStep = 256 << 10
)

// budget shares the memory for scrollback out among all sessions.
type budget struct {
	mu    sync.Mutex
	limit int64
	all   []*shell
}

func newBudget() *budget { return &budget{limit: scrollbackBudget} }

func (b *budget) add(sh *shell) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, sh)
}

func (b *budget) remove(sh *shell) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = slices.DeleteFunc(b.all, func(x *shell) bool { return x == sh })
}

// grown is called by a session's reader after it has fed; it holds no lock.
func (b *budget) grown(sh *shell) {
	n := sh.keeps()
	if n-sh.kept.Load() < budgetStep {
		return
	}
	sh.kept.Store(n)
	b.mu.Lock()
	defer b.mu.Unlock()
	total := int64(0)
	for _, x := range b.all {
		total += x.kept.Load()
	}
	if total > b.limit {
		b.trim(total)
	}
}

// trim takes the oldest lines from those that have been quiet longest, a third
// of each, until a tenth of the budget is free. It is called with the lock held.
func (b *budget) trim(total int64) {
	quiet := slices.Clone(b.all)
	slices.SortStableFunc(quiet, func(x, y *shell) int { return int(min(1, max(-1, x.wrote.Load()-y.wrote.Load()))) })
	for total > b.limit*9/10 {
		before := total
		for _, x := range quiet {
			if total <= b.limit*9/10 {
				return
			}
			n := x.trim()
			total -= x.kept.Swap(n) - n
			x.lost.Store(true)
		}
		if total == before {
			return // nothing is left to take
		}
	}
}

// keeps is how many bytes the scrollback takes.
func (sh *shell) keeps() int64 {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return int64(sh.term.ScrollbackBytes())
}

// trim drops the oldest third of the scrollback, and gives what is left.
func (sh *shell) trim() int64 {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.term.TrimScrollback(sh.term.ScrollbackLen() * 2 / 3)
	return int64(sh.term.ScrollbackBytes())
}
